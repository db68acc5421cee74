"""Messages go where an operator has listed a host, however a URL spells another place."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.errors import InvalidConfiguration, InvalidInput, NotPermitted
from minerva.layers.abstraction.outward.addresses import Reach, reach
from minerva.layers.abstraction.webhooks.targets import Targets, parse_target

ANYWHERE = Targets.parse("*")
LISTED = Targets.parse("hooks.example.com *.corp.example intern:8443 10.1.2.3 [fd00::7]:9000")


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/x?to=ops",
        "http://hooks.example.com/x",
        "https://HOOKS.Example.COM.:443/x",
        "https://a.corp.example/",
        "https://b.a.corp.example",
        "https://intern:8443/x",
        "http://intern:8443/x",
        "http://10.1.2.3/x",
        "http://[fd00::7]:9000/x",
        "http://[FD00:0:0::7]:9000/x",
    ],
)
def test_a_listed_host_may_be_told(url):
    LISTED.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/x",
        "https://hooks.example.com.evil.org/x",
        "https://evil-hooks.example.com/x",
        "https://hooks.example.com:8443/x",
        "https://corp.example/x",
        "https://xcorp.example/x",
        "https://intern/x",
        "https://10.1.2.4/x",
        "http://[fd00::7]/x",
        "http://[fd00::8]:9000/x",
    ],
)
def test_another_host_may_not(url):
    with pytest.raises(NotPermitted, match="webhook_targets"):
        LISTED.check(url)


def test_an_empty_list_lets_nothing_out():
    for url in ("https://hooks.example.com/x", "https://93.184.216.34/x", "http://127.0.0.1/x"):
        with pytest.raises(NotPermitted, match="let the operator add"):
            Targets().check(url)


def test_a_star_lets_out_to_the_internet_by_https_only():
    ANYWHERE.check("https://hooks.example.com/x")
    ANYWHERE.check("https://93.184.216.34/x")
    for url in ("http://hooks.example.com/x", "https://hooks.example.com:8443/x"):
        with pytest.raises(NotPermitted):
            ANYWHERE.check(url)


NOT_THE_INTERNET = [
    "169.254.169.254", "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "168.63.129.16", "100.100.100.200",
    "192.0.0.192", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::ffff:93.184.216.34",
    "64:ff9b::a9fe:a9fe", "64:ff9b::5db8:d822", "64:ff9b:1::1", "2002:7f00:1::", "2002:5db8:d822::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "2001:db8::1", "100::1",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_THE_INTERNET)
def test_an_address_that_is_not_the_internets_is_refused_in_a_url_and_behind_a_name(address):
    literal = f"[{address}]" if ":" in address else address

    with pytest.raises(NotPermitted, match="private, local or reserved"):
        ANYWHERE.check(f"https://{literal}/x")
    with pytest.raises(NotPermitted, match="private, local or reserved"):
        ANYWHERE.check_address(parse_target("https://hooks.example.com/"), ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "2a00:1450::1"]
)
def test_an_address_of_the_internet_is_not_refused(address):
    ANYWHERE.check_address(parse_target("https://hooks.example.com/"), ip_address(address))


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.1", "fd00::1", "::ffff:10.0.0.1", "8.8.8.8"]
)
def test_a_listed_name_may_lead_into_the_operators_own_network(address):
    LISTED.check_address(parse_target("https://a.corp.example/"), ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fe80::1", "fe80::1%2", "224.0.0.1", "0.0.0.0", "fd00:ec2::254",
     "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::"],
)  # fmt: skip
def test_a_listed_name_never_leads_to_a_clouds_own_address(address):
    with pytest.raises(NotPermitted):
        LISTED.check_address(parse_target("https://a.corp.example/"), ip_address(address))


def test_any_address_may_be_told_that_is_itself_listed():
    listed = Targets.parse("169.254.169.254 127.0.0.1:8000")

    listed.check("http://169.254.169.254/x")
    listed.check("http://127.0.0.1:8000/x")
    with pytest.raises(NotPermitted):
        listed.check("http://127.0.0.1:8001/x")


@pytest.mark.parametrize("url", ["https://localhost/x", "https://a.localhost/x"])
def test_this_machine_must_be_listed(url):
    with pytest.raises(NotPermitted):
        ANYWHERE.check(url)
    Targets.parse("localhost *.localhost").check(url)


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "127.0.0.1.", "017700000001",
     "1.2.3.256", "1.2.3.4.5", "foo.0x7f", "127.0.0.08", "0", "1.2.3.0x"],
)  # fmt: skip
def test_other_spellings_of_an_address_are_refused_whatever_is_listed(host):
    if host == "127.0.0.1.":
        assert parse_target(f"https://{host}/").host == "127.0.0.1"
        return
    with pytest.raises(InvalidInput) as raised:
        Targets.parse("* 127.0.0.1").check(f"https://{host}/x")
    assert "four decimal numbers" in raised.value.faults[0].message


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "//hooks.example.com/x", "ftp://hooks.example.com/x", "file:///etc/passwd", "https:///x",
        "https://user:password@hooks.example.com/x", "https://hooks.example.com@evil.org/x",
        "https://hooks.example.com\\@evil.org/x", "https://hooks.example.com/x#y", "https://hooks.example.com /x",
        "https://hooks.example.com/\r\nHost: evil", "https://hooks.example.com/\tx", "https://höoks.example.com/",
        "https://hooks.example.com:0/x", "https://hooks.example.com:99999/x", "https://hooks.example.com:x/",
        "https://[fe80::1%25eth0]/x", "https://[::1/x", "https://[hooks]/x", "https://h%6foks.example.com/x",
        "https://-a.example.com/", "https://a..example.com/", "https://" + "a" * 64 + ".com/", "https://./x",
        "https://hooks.example.com/" + "a" * 2048, "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_plain_url_is_refused_without_repeating_it(url):
    with pytest.raises(InvalidInput) as raised:
        ANYWHERE.check(url)

    assert "password" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    ["https://hooks.example.com", "hooks.example.com/x", "*.*", "a*b", "*:443", "a:b", "a:0", "a:70000", "fd00::7",
     "[10.0.0.1]", "[fd00::7", "127.1", "-a", "a_b..c", "user@host"],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_an_error_with_the_word(text):
    with pytest.raises(InvalidConfiguration) as raised:
        Targets.parse(f"hooks.example.com {text}")

    assert [fault.where for fault in raised.value.faults] == [text]


def test_hosts_may_stand_with_commas_or_spaces_between():
    assert Targets.parse(" a, b:1 ,*.c ") == Targets.parse("a b:1 *.C")


@given(st.integers(0, 2**32 - 1))
def test_an_address_in_disguise_reaches_no_further_than_the_address(number):
    plain = reach(ip_address(number))
    disguises = (0xFFFF << 32 | number, 0x0064FF9B << 96 | number, 0x2002 << 112 | number << 80)

    for disguise in disguises:
        assert reach(ip_address(disguise)) >= max(plain, Reach.OWN)


@given(st.text())
def test_no_text_breaks_the_check(text):
    for url in (text, f"https://{text}", f"https://{text}/"):
        try:
            target = ANYWHERE.check(url)
        except (InvalidInput, NotPermitted):
            continue
        assert target.scheme == "https"
        assert target.port == 443
