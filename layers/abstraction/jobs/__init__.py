"""Offline work: the row is the truth, the queue only carries ids."""
