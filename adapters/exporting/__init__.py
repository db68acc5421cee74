"""Where exported files are put: local folders, or any fsspec URL."""
