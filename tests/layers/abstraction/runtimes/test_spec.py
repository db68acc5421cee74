"""What a host is told."""

import msgspec
import pytest

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.runtimes.spec import MAX_SOCKET_BYTES, HostSpec

LEAST = {"algorithm": "a", "schema": {}, "workspace": "/w", "scratch": "/s", "socket": "/s/h"}


def test_a_spec_survives_json():
    spec = HostSpec(**LEAST, parameters={"depth": [1, 2.5, None]}, memory_mb=5, network=True)

    assert msgspec.json.decode(msgspec.json.encode(spec), type=HostSpec) == spec


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"socket": "/s/" + "h" * MAX_SOCKET_BYTES}, "longer than 100 bytes"),
        ({"socket": "/elsewhere/h"}, "in its scratch folder"),
        ({"socket": "/s/ü" + "h" * 96}, "longer than 100 bytes"),
    ],
)
def test_a_socket_that_cannot_be_made_is_refused(members, why):
    with pytest.raises(InvalidConfiguration, match=why):
        HostSpec(**(LEAST | members))


@pytest.mark.parametrize("members", [{"threads": 0}, {"memory_mb": -1}, {"cpu": 1}])
def test_a_spec_that_makes_no_sense_is_refused(members):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(LEAST | members, HostSpec)
