"""What an exported version consists of: the version itself, and what explains it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from minerva.layers.abstraction.exporting.archive import Content
from minerva.layers.abstraction.registry.records import Version

README = """{service}, version {number}
{line}

This is one version of a Minerva service, as it was served: a trained model and what belongs to it.

algorithm   {algorithm}
digest      {digest}
signed by   {signed_by}

version/                what Minerva keeps of a version; the digest is the SHA-256 of its manifest.json
version/manifest.json   schema, parameters, lineage, and the SHA-256 of every other file
version/manifest.sig    the Ed25519 signature of manifest.json
version/model/          the model, in its algorithm's own format
schema.json             what goes in and what comes out
metrics.json            how it did on rows that it had not seen
{key}
To check it: sha256sum version/manifest.json gives the digest above, and each file below version/ has
the SHA-256 that "files" in the manifest tells.

To use a model of a format that Minerva imports (ONNX, XGBoost, LightGBM, scikit-learn, PyTorch, MLflow):
unpack this file, then minerva import version/model/FILE --service {service}
"""
KEY_LINE = "public_key.pem          the public key that checks the signature\n"


def contents(version: Version, folder: Path, public_key: str | None) -> Content:
    """Return what is packed of a version whose files lie in a folder; nothing in it tells the time."""
    manifest = version.manifest
    top = f"{version.service}-{version.number}"
    title = f"{version.service}, version {version.number}"
    readme = README.format(
        service=version.service,
        number=version.number,
        line="=" * len(title),
        algorithm=manifest["algorithm"],
        digest=version.digest,
        signed_by=manifest.get("signed_by", "nobody"),
        key=KEY_LINE if public_key else "",
    )
    packed: dict[str, Path | bytes] = {
        f"{top}/version/{path.relative_to(folder).as_posix()}": path
        for path in folder.rglob("*")
        if path.is_file()
    }
    packed[f"{top}/README.txt"] = readme.encode()
    packed[f"{top}/schema.json"] = _json(manifest["schema"])
    packed[f"{top}/metrics.json"] = _json(version.metrics)
    if public_key:
        packed[f"{top}/public_key.pem"] = public_key.encode()
    return packed


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
