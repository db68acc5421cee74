"""The container's three layers: core, abstraction, application."""
