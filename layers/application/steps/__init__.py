"""Built-in steps of flows that work on what they are given and ask nothing of the outside."""
