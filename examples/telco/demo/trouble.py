"""What may go wrong, each as one sentence for the person at the terminal."""


class DemoError(Exception):
    """A part of the demo failed."""


class MisuseError(Exception):
    """The demo cannot start the way it was asked to."""
