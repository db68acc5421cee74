"""Versions as single files that can be kept, sent and looked into elsewhere."""
