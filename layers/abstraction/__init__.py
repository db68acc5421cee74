"""Knows models, not the outside: declarations, plugins, registry, serving, training, jobs."""
