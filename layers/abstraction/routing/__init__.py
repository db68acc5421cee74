"""Which version answers: champion, challenger's share, shadow, circuit breakers."""
