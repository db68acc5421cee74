"""What a user declares: one YAML file, one service."""
