"""PyTorch is optional, and large: what needs it is left out where it is missing, but not in CI."""

import importlib.util
import os

if importlib.util.find_spec("torch") is None and not os.environ.get("CI"):
    collect_ignore = ["test_eager.py"]
