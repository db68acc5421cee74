"""Models that somebody else trained, each from its own file format."""
