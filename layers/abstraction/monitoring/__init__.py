"""What was answered, how it turned out, and what follows from it."""
