"""Archives from outside: what is taken, what is refused, and that nothing is left behind."""

import bz2
import gzip
import lzma
import random
import stat
import subprocess
import sys
import tarfile
import zipfile

import pytest
from archives import FILES, LIMITS, a_tar, a_zip, content, entry, nothing_left
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.errors import Conflict, InvalidData, MinervaError, Unavailable
from minerva.layers.abstraction.trust.unpacking import unpack


@pytest.mark.parametrize("kind", ["zip", "deflated", "w", "w:gz", "w:bz2", "w:xz"])
def test_an_archive_is_unpacked(inbox, target, kind):
    if kind.startswith("w"):
        path = a_tar(inbox / "a.tar", *((entry(n), d) for n, d in FILES.items()), mode=kind)
    else:
        method = zipfile.ZIP_STORED if kind == "zip" else zipfile.ZIP_DEFLATED
        path = a_zip(inbox / "a.zip", FILES, compression=method)

    unpack(path, target, **LIMITS)

    assert content(target) == FILES
    assert [file.name for file in target.parent.iterdir()] == ["model"]


def test_an_archive_that_the_program_tar_made_of_a_folder_is_unpacked(inbox, target):
    (inbox / "folder" / "below").mkdir(parents=True)
    (inbox / "folder" / "below" / "x").write_text("x")
    subprocess.run(["tar", "-czf", "a.tgz", "-C", "folder", "."], cwd=inbox, check=True)

    unpack(inbox / "a.tgz", target, **LIMITS)

    assert content(target) == {"below/x": b"x"}


def test_folders_and_the_same_folder_twice_are_fine(inbox, target):
    with zipfile.ZipFile(inbox / "a.zip", "w") as archive:
        archive.mkdir("below")
        archive.writestr("below/x", "x")
    unpack(inbox / "a.zip", target, **LIMITS)
    directory = entry("below", tarfile.DIRTYPE)
    path = a_tar(inbox / "a.tar", (directory, b""), (entry("below/x"), b"x"), (directory, b""))

    unpack(path, target.parent / "other", **LIMITS)

    assert content(target) == content(target.parent / "other") == {"below/x": b"x"}


def test_a_tar_whose_last_file_is_a_zip_is_a_tar(inbox, target):
    inner = a_zip(inbox / "inner.zip", FILES).read_bytes()

    unpack(a_tar(inbox / "a.tar", (entry("inner.zip"), inner)), target, **LIMITS)

    assert content(target) == {"inner.zip": inner}


def test_nobody_may_run_what_was_unpacked(inbox, target):
    info = zipfile.ZipInfo("run")
    info.external_attr = (stat.S_IFREG | 0o4777) << 16
    with zipfile.ZipFile(inbox / "a.zip", "w") as archive:
        archive.writestr(info, "x")

    unpack(inbox / "a.zip", target, **LIMITS)

    assert stat.S_IMODE((target / "run").stat().st_mode) & 0o7133 == 0


ESCAPES = [
    "../evil", "a/../../evil", "/etc/evil", "..", "C:evil", "C:\\evil", "a\\..\\..\\evil", "a:stream",
    "//server/evil",
]  # fmt: skip
UNWRITABLE = ["a\nb", "a\x7fb", "a\u202eb", "x" * 241, "/".join("x" * 65)]


@pytest.mark.parametrize("name", [*ESCAPES, *UNWRITABLE])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_out_or_cannot_be_is_refused(inbox, target, tmp_path, name, kind):
    if kind == "zip":
        path = a_zip(inbox / "a", {"fine": b"x", name: b"evil"})
    else:
        path = a_tar(inbox / "a", (entry("fine"), b"x"), (entry(name), b"evil"))

    with pytest.raises(InvalidData, match=r"a is refused: .* in it (leads|has)") as caught:
        unpack(path, target, **LIMITS)

    assert "\n" not in caught.value.message
    assert nothing_left(target)
    assert not list(tmp_path.rglob("*evil*"))


def test_a_name_that_hides_its_end_behind_a_zero_byte_is_refused(inbox, target):
    path = a_zip(inbox / "a.zip", {"modelXjson": b"x"})
    path.write_bytes(path.read_bytes().replace(b"modelX", b"model\x00"))

    with pytest.raises(InvalidData, match="cannot be written"):
        unpack(path, target, **LIMITS)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"?"],
)
def test_links_and_devices_in_a_tar_are_refused(inbox, target, kind):
    path = a_tar(inbox / "a.tar", (entry("fine"), b""), (entry("odd", kind, "/etc/passwd"), b""))

    with pytest.raises(InvalidData, match="'odd' in it is a link, a device") as caught:
        unpack(path, target, **LIMITS)

    assert "passwd" not in caught.value.message
    assert nothing_left(target)


def test_a_sparse_file_is_refused(inbox, target):
    with (inbox / "holes").open("wb") as file:
        file.truncate(10**8)
    subprocess.run(["tar", "--sparse", "-cf", "a.tar", "holes"], cwd=inbox, check=True)

    with pytest.raises(InvalidData, match="sparse"):
        unpack(inbox / "a.tar", target, **LIMITS)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(inbox, target, kind):
    info = zipfile.ZipInfo("odd")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(inbox / "a.zip", "w") as archive:
        archive.writestr("fine", "x")
        archive.writestr(info, "/etc/passwd")

    with pytest.raises(InvalidData, match="'odd' in it is a link or a device"):
        unpack(inbox / "a.zip", target, **LIMITS)
    assert nothing_left(target)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("a", "a", "twice"),
        ("a", "A", "only in case"),
        ("e\u0301", "\u00e9", "twice"),
        ("a", "./a", "twice"),
        ("a", "a/b", "below a file"),
        ("a/b", "a", "twice"),
    ],
)
def test_two_files_in_one_place_are_refused(inbox, target, first, second, said):
    with zipfile.ZipFile(inbox / "a.zip", "w") as archive:
        archive.writestr(first, "1")
        archive.writestr(second, "2")

    with pytest.raises(InvalidData, match=said):
        unpack(inbox / "a.zip", target, **LIMITS)
    assert nothing_left(target)


def test_more_bytes_than_allowed_are_refused_whatever_the_header_says(inbox, target):
    path = a_zip(
        inbox / "a.zip", {"a": bytes(600), "b": bytes(600)}, compression=zipfile.ZIP_DEFLATED
    )

    with pytest.raises(InvalidData, match="more than 1,000 bytes"):
        unpack(path, target, max_bytes=1000, max_files=10)
    assert nothing_left(target)
    unpack(path, target, max_bytes=1200, max_files=10)


def test_more_files_than_allowed_are_refused_and_folders_count(inbox, target):
    path = a_zip(inbox / "a.zip", {"a/b/c": b"", "d": b""})

    with pytest.raises(InvalidData, match="more than 3 files"):
        unpack(path, target, max_bytes=1000, max_files=3)
    assert nothing_left(target)
    unpack(path, target, max_bytes=1000, max_files=4)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_bomb_is_refused_before_it_has_gone_off(inbox, target, kind):
    bomb = bytes(80_000_000)
    if kind == "zip":
        path = a_zip(inbox / "a", {"a": bomb}, compression=zipfile.ZIP_DEFLATED)
    else:
        path = a_tar(inbox / "a", (entry("a"), bomb), mode="w:gz")

    with pytest.raises(InvalidData, match="more than 200 times its size"):
        unpack(path, target, max_bytes=10**10, max_files=10)
    assert nothing_left(target)


def test_a_header_that_claims_gigabytes_is_not_read_into_memory(inbox, target):
    header = entry("pax", tarfile.XHDTYPE)
    header.size = 5 * 1024**3
    (inbox / "a.tar").write_bytes(header.tobuf() + bytes(1024))

    with pytest.raises(InvalidData, match="cannot be unpacked"):
        unpack(inbox / "a.tar", target, **LIMITS)


def test_headers_without_end_are_refused(inbox, target):
    long = b"30 comment=xxxxxxxxxxxxxxxxxx\n" * 20_000
    members = [(entry("pax", tarfile.XHDTYPE), long) for _ in range(40)]

    with pytest.raises(InvalidData, match="cannot be unpacked"):
        unpack(a_tar(inbox / "a", *members, mode="w:gz"), target, max_bytes=1000, max_files=100)


NOISE = random.Random(7).randbytes(300_000)


@pytest.mark.parametrize("kind", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.7, 0.95])
def test_an_archive_that_is_cut_off_is_refused(inbox, target, kind, part):
    files = {"a": NOISE, "b": NOISE, "c": NOISE}
    if kind == "zip":
        path = a_zip(inbox / "a", files)
    else:
        path = a_tar(inbox / "a", *((entry(n), d) for n, d in files.items()), mode=kind)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])

    with pytest.raises(InvalidData, match="cannot be unpacked"):
        unpack(path, target, **LIMITS)
    assert nothing_left(target)


def test_a_tar_cut_between_two_files_is_refused(inbox, target):
    path = a_tar(inbox / "a", (entry("a"), b"x" * 512), (entry("b"), b"x" * 512))
    path.write_bytes(path.read_bytes()[:1024])

    with pytest.raises(InvalidData, match="cannot be unpacked"):
        unpack(path, target, **LIMITS)


@pytest.mark.parametrize(
    "noise",
    [b"", b"no archive", b"PK\x03\x04", b"PK\x05\x06", bytes(5000), gzip.compress(b"x", mtime=0),
     bz2.compress(b"x"), lzma.compress(b"x"), b"BZh9" + bytes(99), b"\x1f\x8b" + bytes(99),
     b"\xfd7zXZ" + bytes(99)],
)  # fmt: skip
def test_what_is_no_archive_is_refused(inbox, target, noise):
    (inbox / "a").write_bytes(noise)

    with pytest.raises(InvalidData, match=r"a (cannot be unpacked|holds no file)"):
        unpack(inbox / "a", target, **LIMITS)
    assert nothing_left(target)


def test_an_archive_without_a_file_is_refused(inbox, target):
    with zipfile.ZipFile(inbox / "a.zip", "w") as archive:
        archive.mkdir("only-a-folder")

    with pytest.raises(InvalidData, match="holds no file"):
        unpack(inbox / "a.zip", target, **LIMITS)
    assert nothing_left(target)


def test_a_spoilt_member_is_refused(inbox, target):
    path = a_zip(inbox / "a.zip", {"a": b"contents"})
    path.write_bytes(path.read_bytes().replace(b"contents", b"c0ntents"))

    with pytest.raises(InvalidData, match="cannot be unpacked"):
        unpack(path, target, **LIMITS)
    assert nothing_left(target)


@settings(max_examples=150)
@given(st.data())
def test_whatever_byte_is_changed_nothing_lands_outside_and_nothing_is_left(tmp_path, data):
    kind = data.draw(st.sampled_from(["zip", "tar"]))
    path = tmp_path / "a"
    if kind == "zip":
        a_zip(path, {"a/b": b"hello", "c": b"world"})
    else:
        a_tar(path, (entry("a/b"), b"hello"), (entry("c"), b"world"))
    content_ = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, min(len(content_), 2100) - 1))
        content_[position] = data.draw(st.integers(0, 255))
    path.write_bytes(content_)
    target = tmp_path / "versions" / "model"

    try:
        unpack(path, target, **LIMITS)
        assert [file.name for file in target.parent.iterdir()] == ["model"]
        subprocess.run(["rm", "-r", str(target)], check=True)
    except MinervaError:
        assert nothing_left(target)
    assert {file.name for file in tmp_path.iterdir()} <= {"a", "versions"}


def test_what_is_there_already_is_not_touched(inbox, target):
    target.mkdir(parents=True)
    (target / "mine").write_text("mine")

    with pytest.raises(Conflict, match="is there already"):
        unpack(a_zip(inbox / "a.zip", FILES), target, **LIMITS)

    assert content(target.parent) == {"model/mine": b"mine"}


def test_an_archive_that_is_not_there_is_named(inbox, target):
    with pytest.raises(InvalidData, match=r"gone.zip is not a file"):
        unpack(inbox / "gone.zip", target, **LIMITS)


def test_a_place_that_cannot_be_written_is_named(inbox, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(Unavailable, match="cannot be written"):
        unpack(a_zip(inbox / "a.zip", FILES), tmp_path / "file" / "model", **LIMITS)


def test_a_disk_that_is_full_leaves_nothing(inbox, target):
    path = a_zip(inbox / "a.zip", {"a": NOISE})
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from minerva.errors import Unavailable\n"
        "from minerva.layers.abstraction.trust.unpacking import unpack\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    unpack(Path(sys.argv[1]), Path(sys.argv[2]), max_bytes=10**7, max_files=9)\n"
        "except Unavailable as error:\n"
        "    print(error)\n"
    )

    run = [sys.executable, "-c", script, str(path), str(target)]
    said = subprocess.run(run, check=True, capture_output=True, text=True).stdout

    assert "cannot be written (File too large)" in said
    assert nothing_left(target)
