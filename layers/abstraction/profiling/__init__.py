"""What a service's data looks like, told in a report that holds no row."""
