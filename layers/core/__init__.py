"""Talks to the outside and runs the house: HTTP, security, processes, telemetry."""
