"""Telling plugins what happens: ordered, within a time budget, each failure isolated."""
