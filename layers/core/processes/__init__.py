"""Running the house: the web server, the process tree and the ports."""
