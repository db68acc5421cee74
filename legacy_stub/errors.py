"""The failures that end a command, each with a message that its reader can act on."""


class LegacyError(Exception):
    """A failure that the person at the keyboard can mend; its text is all they are shown."""


class SettingError(LegacyError):
    """A `LEGACY_*` setting cannot be used."""


class MissingDemoDataError(LegacyError):
    """The package that holds the subscribers is not installed."""


class PortTakenError(LegacyError):
    """Another program listens on the address that was asked for."""
