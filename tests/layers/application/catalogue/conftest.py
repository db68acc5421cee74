"""What learns with PyTorch is tried where that is installed, and always in continuous integration."""

import importlib.util
import os

if importlib.util.find_spec("torch") is None and not os.environ.get("CI"):
    collect_ignore = [
        "test_gated_training.py",
        "test_recurrent_contract.py",
        "test_recurrent.py",
        "test_sequences.py",
    ]  # PyTorch is optional, and large
