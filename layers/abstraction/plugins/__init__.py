"""Finding plugins and the algorithms they bring."""
