"""Connections to hosts that somebody else has named."""
