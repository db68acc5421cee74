"""Answering predict: loaded, proven versions and the swap between them."""
