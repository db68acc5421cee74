"""What may be read at all: signatures, safe folders, no pickle by default."""
