"""What a contract says of a fixture that only its subclass can bring."""


def wanted(contract: object, fixture: str, what: str) -> NotImplementedError:
    """Return the error of a fixture that was not overridden; `what` it is to return."""
    name = type(contract).__name__
    return NotImplementedError(f"Override the fixture `{fixture}` in {name}: return {what}.")
