"""Ways out as the settings name them: names, order, kinds, and that no address is shown."""

from __future__ import annotations

import pytest

from server.errors import SetupError
from server.fallback.relay import address_of, forwarding
from server.fallback.routes import DIRECT, PUBLIC, RouteKind, passwords, routes_of
from server.providers.catalog import sources
from server.settings import Settings, load


def test_proxies_are_named_by_their_place_or_as_their_operator_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of `PROXY_URL` come last; the same one twice is one; names do not clash."""
    monkeypatch.setenv(
        "NERKH_PROXIES", "http://a:3128, fra=socks5://u:p@b:1080 ,https://c,http://a:3128,,fra=http://d:1"
    )
    monkeypatch.setenv("PROXY_URL", "socks5h://[::1]:1081,direct=http://e:1")
    found = {route.name: (route.kind.value, *address_of(route)) for route in routes_of(load())}
    assert found == {
        "proxy1": ("http", "a", 3128),
        "fra": ("socks5", "b", 1080),
        "proxy3": ("https", "c", 443),
        "fra_": ("http", "d", 1),
        "proxy5": ("socks5", "::1", 1081),
        "direct_": ("http", "e", 1),
    }


def test_without_a_setting_there_is_no_way_but_direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other programs take for their proxy is not ours; public ones are off unless they are switched on."""
    monkeypatch.setenv("HTTPS_PROXY", "http://a:1")
    assert routes_of(load()) == ()
    assert routes_of(Settings(public_proxies=True)) == PUBLIC
    assert all(route.kind is RouteKind.PUBLIC for route in PUBLIC)


def test_an_http_proxys_password_stands_in_a_header_and_in_no_address() -> None:
    """Percent-encoded in the setting, as it is in the header."""
    (route,) = routes_of(Settings(proxies="http://op%40x:p%3Aw%2Fd@proxy.example:3128"))
    told = forwarding(route)
    assert told is not None
    assert str(told.proxy) == "http://proxy.example:3128"
    assert told.authorization == "Basic b3BAeDpwOncvZA=="
    for shown in (repr(route), repr(told), str(route), repr(Settings(proxies="http://u:s3cret@a:1"))):
        assert "p%3A" not in shown
        assert "p:w" not in shown
        assert "b3BA" not in shown
        assert "s3cret" not in shown


def test_what_logs_must_not_show_is_named() -> None:
    """Addresses and passwords, as they were written and as they are sent."""
    found = passwords(Settings(proxies="http://u:p%3Aw%2Fd@a:1,socks5://b:2"))
    assert set(found) == {"http://u:p%3Aw%2Fd@a:1", "p%3Aw%2Fd", "p:w/d", "socks5://b:2"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NERKH_PROXIES", "http://a:1,ftp://u:s3cret@b:2"),
        ("NERKH_PROXIES", "u:s3cret@b:2"),
        ("NERKH_PROXIES", "http://u:s3cret@b:2/path"),
        ("NERKH_PROXIES", "Name=http://u:s3cret@b:2"),
        ("PROXY_URL", "socks4://u:s3cret@b:2"),
        ("NERKH_DOH", "http://dns.example/s3cret"),
        ("NERKH_DOH", "https://dns.example"),
        ("NERKH_DOH", "https://u:s3cret@dns.example/dns-query"),
    ],
)
def test_a_wrong_address_is_named_by_its_setting_and_not_shown(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold a password."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError) as caught:
        load()
    assert caught.value.status == 2
    assert name.removeprefix("NERKH_") in caught.value.text
    assert "s3cret" not in caught.value.text
    assert "b:2" not in caught.value.text


def test_resolvers_are_asked_over_tls_or_on_this_machine() -> None:
    """Without TLS a lookup could be forged on its way."""
    good = "https://dns.example/dns-query, https://9.9.9.9:5053/dns-query,http://127.0.0.1:8053/x"
    assert Settings(doh=good).doh == good


def test_an_answer_is_the_sources_own_word_where_tls_ends_at_it() -> None:
    """Directly by definition; over an operator's proxy within a tunnel; over a public proxy never."""
    (proxy,) = routes_of(Settings(proxies="https://a:1"))
    assert DIRECT.is_sealed("http://source.example")
    assert proxy.is_sealed("https://source.example")
    assert not proxy.is_sealed("http://source.example")
    assert not PUBLIC[0].is_sealed("https://source.example")


def test_every_source_of_the_catalogue_is_sealed_over_an_operators_proxy() -> None:
    """Its proxy carries, and can forge nothing."""
    (proxy,) = routes_of(Settings(proxies="http://a:1"))
    assert not {known.id for known in sources() if not proxy.is_sealed(known.base_url)}
