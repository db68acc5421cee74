"""The key: given, read from a file, read again when it was refused."""

from legacy_stub.credential import Credential


def test_a_given_key_is_the_key():
    assert Credential("given", None).current() == "given"


def test_without_anything_there_is_no_key():
    assert Credential(None, None).current() is None


def test_a_file_that_appears_later_is_found(tmp_path):
    credential = Credential(None, tmp_path / "key")
    assert credential.current() is None

    (tmp_path / "key").write_text("from-file\n")

    assert credential.current() == "from-file"


def test_a_refused_key_is_read_again(tmp_path):
    (tmp_path / "key").write_text("old")
    credential = Credential(None, tmp_path / "key")
    assert credential.current() == "old"

    (tmp_path / "key").write_text("new")

    assert credential.current() == "old"
    assert credential.replaced("old")
    assert credential.current() == "new"


def test_a_refused_key_that_has_not_changed_is_not_tried_again(tmp_path):
    (tmp_path / "key").write_text("same")

    assert not Credential(None, tmp_path / "key").replaced("same")
    assert not Credential("given", None).replaced("given")
    assert not Credential(None, None).replaced(None)


def test_a_file_that_holds_no_key_is_none(tmp_path):
    for content in (b"", b" \n", b"\xff\xfe", b"two\nlines", b"nul\x00"):
        (tmp_path / "key").write_bytes(content)
        assert Credential(None, tmp_path / "key").current() is None
