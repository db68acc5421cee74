"""Where messages may go: what an operator has listed, by name and then by the address behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from minerva.errors import Fault, InvalidConfiguration, InvalidInput, NotPermitted
from minerva.layers.abstraction.outward.addresses import Address, Reach, reach

SETTING = "webhook_targets"
USUAL_PORTS = {"http": 80, "https": 443}
LONGEST = 2048
HIGHEST_PORT = 65535
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_ENDS_AS_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_ENTRY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^\[\]:]+)(?::(?P<port>[0-9]{1,5}))?")
_ANY = "*"


@dataclass(frozen=True)
class Target:
    """A URL that was taken apart."""

    scheme: str
    host: str
    """In lower case, without brackets and final dot."""
    port: int
    path: str
    """With the query: what stands in the first line of the request."""

    @property
    def authority(self) -> str:
        """What stands in the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == USUAL_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def address(self) -> Address | None:
        """The address, if the URL names one and no host."""
        return _address(self.host)


@dataclass(frozen=True)
class Entry:
    """One listed host; `*` for every host of the internet, `*.example.com` for all below."""

    host: str
    port: int | None = None
    """None: the usual one of http and https."""

    def names(self, target: Target) -> bool:
        """Whether this entry lets messages go there."""
        port = USUAL_PORTS[target.scheme] if self.port is None else self.port
        if port != target.port:
            return False
        if self.host == _ANY:
            return target.scheme == "https"
        if self.host.startswith("*."):
            return target.address is None and target.host.endswith(self.host[1:])
        return (_address(self.host) or self.host) == (target.address or target.host)


@dataclass(frozen=True)
class Targets:
    """The list. Empty: messages go nowhere."""

    entries: tuple[Entry, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Targets:
        """Read the setting: entries with spaces between. Raises InvalidConfiguration."""
        words = text.replace(",", " ").split()
        read = [(word, _entry(word.lower())) for word in words]
        faults = [
            Fault(word, "expected a host, *.host, host:port or *") for word, one in read if not one
        ]
        if faults:
            raise InvalidConfiguration(f"The setting {SETTING} cannot be read.", faults=faults)
        return cls(tuple(entry for _, entry in read if entry))

    def check(self, url: str) -> Target:
        """Return the URL taken apart, if messages may go there as far as the URL itself tells.

        Raises InvalidInput for what is no URL of a receiver, NotPermitted for one that is not listed.
        """
        target = parse_target(url)
        if not any(entry.names(target) for entry in self.entries):
            raise NotPermitted(
                f"Messages may not go to {target.authority} by {target.scheme}: let the operator add "
                f"it to {SETTING}."
            )
        if target.address is not None:
            self.check_address(target, target.address)
        elif _is_this_machine(target.host) and not self._listed(target):
            raise _refused(target)
        return target

    def check_address(self, target: Target, address: Address) -> None:
        """Raise NotPermitted unless messages to this target may go to this very address."""
        itself = Target(target.scheme, str(address), target.port, target.path)
        if any(entry.host != _ANY and entry.names(itself) for entry in self.entries):
            return
        needed = reach(address)
        if needed is Reach.NEVER or (needed is Reach.OWN and not self._listed(target)):
            raise _refused(target)

    def _listed(self, target: Target) -> bool:
        return any(entry.host != _ANY and entry.names(target) for entry in self.entries)


def parse_target(url: str) -> Target:
    """Take a URL apart. Raises InvalidInput for all that two programs could read in two ways."""
    if not url or len(url) > LONGEST or not url.isascii() or not url.isprintable():
        raise _misfit(f"expected up to {LONGEST} visible ASCII characters")
    if " " in url or "\\" in url:
        raise _misfit("expected no space and no backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _misfit("expected https://host/path") from None
    if parts.scheme not in USUAL_PORTS or not parts.hostname:
        raise _misfit("expected https://host/path")
    if "@" in parts.netloc or "#" in url:
        raise _misfit("expected no credentials and no fragment")
    if port == 0:
        raise _misfit("port 0 cannot be used")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, _host(parts), port or USUAL_PORTS[parts.scheme], path)


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if ":" in host or "[" in parts.netloc:
        try:
            return str(IPv6Address(host)) if "%" not in host else _no_host()
        except AddressValueError:
            return _no_host()
    if _ENDS_AS_NUMBER.fullmatch(host):
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            raise _misfit("an IPv4 address is written as four decimal numbers") from None
    return host if _is_name(host) else _no_host()


def _no_host() -> str:
    raise _misfit("there is no host of this form")


def _is_name(host: str) -> bool:
    labels = host.split(".")
    return len(host) < 254 and all(_LABEL.fullmatch(label) for label in labels)  # noqa: PLR2004 - RFC 1035


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_this_machine(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _entry(word: str) -> Entry | None:
    if word == _ANY:
        return Entry(_ANY)
    match = _ENTRY.fullmatch(word)
    if match is None:
        return None
    port = None if match["port"] is None else int(match["port"])
    if port is not None and not 0 < port <= HIGHEST_PORT:
        return None
    host = match["host"].strip("[]").removesuffix(".")
    if match["host"].startswith("["):
        return Entry(host, port) if isinstance(_address(host), IPv6Address) else None
    name = host.removeprefix("*.")
    if _ENDS_AS_NUMBER.fullmatch(name):
        return Entry(host, port) if isinstance(_address(host), IPv4Address) else None
    return Entry(host, port) if _is_name(name) else None


def _misfit(message: str) -> InvalidInput:
    return InvalidInput("This is no URL of a receiver.", faults=[Fault("url", message)])


def _refused(target: Target) -> NotPermitted:
    return NotPermitted(
        f"{target.authority} leads to a private, local or reserved address: messages go there only "
        f"if the operator lists it in {SETTING}."
    )
