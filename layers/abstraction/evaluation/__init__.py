"""What is told of a version's quality beside its metrics: how sure they are, for whom, and by what."""
