"""Tuning: looking for better parameters by trials, and proposing what was found."""
