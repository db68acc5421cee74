"""Calls that leave this machine for a host that somebody else has named."""
