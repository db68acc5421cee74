"""Data sources: csv and parquet files, and databases, only ever read."""

from minerva.adapters.sources.opening import open_source

__all__ = ["open_source"]
