"""Sending messages to receivers elsewhere."""
