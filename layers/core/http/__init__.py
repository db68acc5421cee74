"""The REST interface: Flask lives here and nowhere else."""
