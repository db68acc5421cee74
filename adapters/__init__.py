"""Ports to the outside: metadata store, artefact store, queue, data sources."""
