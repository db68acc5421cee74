"""Batch prediction: files, folders, tables and queries in, files and tables out, in Arrow columns."""
