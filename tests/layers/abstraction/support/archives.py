"""Archives for tests, and what became of them."""

import io
import tarfile
import zipfile

FILES = {"model.json": b"{}", "below/weights.bin": bytes(range(256)) * 2000, "below/empty": b""}
LIMITS = {"max_bytes": 10_000_000, "max_files": 100}


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def nothing_left(target):
    return not target.parent.exists() or list(target.parent.iterdir()) == []


def a_zip(path, files, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def a_tar(path, *members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def entry(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info
