"""One event format for every process, and the way back from an id to its events."""
