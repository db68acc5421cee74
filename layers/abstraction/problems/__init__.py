"""Kinds of problems: what truth each needs, which metrics it has, and what a model must beat."""
