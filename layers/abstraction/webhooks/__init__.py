"""Telling other systems what happened: who wants to hear of what, and signed messages to them."""
