"""Callbacks that come with Minerva, each a plugin like anyone's."""
