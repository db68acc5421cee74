"""Training data that callers send: checked while it arrives, kept until the job that uses it has ended."""
