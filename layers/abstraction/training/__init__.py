"""From declared data to an evaluated model."""
