"""Flows: pipelines of small steps behind one predict call."""
