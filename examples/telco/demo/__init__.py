"""The main job, end to end: a legacy product gets predictions from a model of its own data."""
