"""Where a version runs: a process of its own, shared by all web workers, in its own environment."""
