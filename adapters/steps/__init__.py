"""Built-in steps of flows that reach outside: files, addresses, databases."""
