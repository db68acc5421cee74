"""What workspaces give each other, and who uses what."""
