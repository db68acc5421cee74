"""Alembic's migrations. `HEAD` is the newest, so that a start at head need not import Alembic."""

from pathlib import Path

FOLDER = Path(__file__).parent
HEAD = "0013"
