"""Scenes drawn by a program, no photographs: what the example's networks learn from and are asked about."""
