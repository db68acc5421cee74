"""Noticing that what comes in is not any more what a version was trained on."""
