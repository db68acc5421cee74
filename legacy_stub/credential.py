"""The key that opens the sidecar: given directly, or kept in a file that may change at any time."""

from pathlib import Path


class Credential:
    """Knows the current key and reads its file again when there is none or it was refused."""

    def __init__(self, key: str | None, key_file: Path | None) -> None:
        self._given = key
        self._file = key_file
        self._read: str | None = None

    def current(self) -> str | None:
        """The key to send, or None as long as there is none."""
        if self._given is None and self._read is None:
            self._read = self._content()
        return self._given or self._read

    def replaced(self, refused: str | None) -> bool:
        """Look for another key after `refused` was refused; tell whether there is one."""
        self._read = self._content()
        return self.current() not in {None, refused}

    def _content(self) -> str | None:
        """The key in the file; a file that is missing or is no line of ASCII holds none."""
        if self._file is None:
            return None
        try:
            key = self._file.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
        return key if key.isprintable() and key else None
