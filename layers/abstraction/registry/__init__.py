"""The truth about services: configuration revisions, immutable versions, aliases."""
