"""When jobs start by themselves: cron expressions in time zones, and watermarks of a user's data."""
