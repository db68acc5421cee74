"""Codecs of the protocols that callers speak: no Flask, no models, only what bytes and values mean."""
