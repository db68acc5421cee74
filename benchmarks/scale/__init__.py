"""What limits Minerva past one machine: costs measured here, and deployments simulated from them."""
