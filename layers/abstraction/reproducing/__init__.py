"""Making a version once more from what it remembers, and telling whether the same comes out."""
