"""Where a redirect may lead, and what is taken along."""

from __future__ import annotations

import asyncio

import pytest
from yarl import URL

from server.fallback.private import Guard
from server.fallback.redirects import Sent, followed, leads_on
from server.fallback.transport_failure import TransportFailure
from server.model import Outcome
from server.providers.base import Reply

DONE = Reply(200, b"done")
KEY = {"X-Key": "secret"}
TYPE = {"Content-Type": "application/json"}


def to(place: str, status: int = 302) -> Reply:
    """Return a redirect."""
    return Reply(status, b"", "", {"Location": place})


def follow(
    here: str,
    *replies: Reply,
    method: str = "GET",
    guard: Guard | None = None,
    headers: dict[str, str] = KEY,
) -> list[Sent]:
    """Follow the first of some replies, the next ones for what is sent then; return what was sent."""
    sent: list[Sent] = []
    rest = iter(replies[1:])

    async def send(each: Sent) -> Reply:
        sent.append(each)
        return next(rest)

    first = Sent(method, URL(here), headers, b"{}" if method == "POST" else None)
    assert asyncio.run(followed(replies[0], first, send, guard)) is DONE
    return sent


@pytest.mark.parametrize(
    ("here", "there", "end"),
    [
        ("https://a.example/x", "/y", "https://a.example/y"),
        ("https://a.example/x", "https://www.a.example/x", "https://www.a.example/x"),
        ("https://www.a.example/x", "https://a.example/x", "https://a.example/x"),
        ("https://a.example/x", "https://api.a.example/x", "https://api.a.example/x"),
        ("https://api.a.example/x", "https://A.example/x", "https://a.example/x"),
        ("http://a.example/x", "https://a.example/x", "https://a.example/x"),
        ("http://a.example:81/x", "http://a.example:81/y", "http://a.example:81/y"),
        ("http://a.example:81/x", "http://api.a.example:81/y", "http://api.a.example:81/y"),
        ("http://a.example:81/x", "https://a.example/y", "https://a.example/y"),
    ],
)
def test_a_redirect_within_the_site_is_followed(here: str, there: str, end: str) -> None:
    """The same host, with `www.` or without, a subdomain or its parent, and from plain to sealed."""
    assert [str(each.url) for each in follow(here, to(there), DONE)] == [end]


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("https://a.example/x", "https://b.example/x"),
        ("https://a.example/x", "https://evila.example/x"),
        ("https://evila.example/x", "https://a.example/x"),
        ("https://a.example/x", "https://a.example.evil/x"),
        ("https://a.example/x", "http://a.example/x"),
        ("https://a.example/x", "http://www.a.example/x"),
        ("http://a.example/x", "http://a.example:6379/x"),
        ("https://a.example/x", "https://a.example:8443/x"),
        ("https://a.example/x", "https://api.a.example:8443/x"),
        ("http://a.example/x", "http://www.a.example:6379/x"),
        ("http://a.example/x", "https://a.example:6380/x"),
        ("https://a.example/x", "ftp://a.example/x"),
        ("https://a.example/x", "file:///etc/passwd"),
        ("https://a.example/x", "//b.example/x"),
        ("https://a.example/x", "https://www.example/x"),
        ("https://www.a.example/x", "https://www.example/x"),
        ("https://api.a.com/x", "https://www.com/x"),
        ("https://www.com/x", "https://a.com/x"),
    ],
)
def test_a_redirect_to_another_site_is_not_followed(here: str, there: str) -> None:
    """Nor one to another port, from sealed to plain, or to a name that only ends alike."""
    with pytest.raises(TransportFailure, match="another site") as raised:
        follow(here, to(there), DONE)
    assert raised.value.outcome is Outcome.CLIENT_ERROR


def test_a_redirect_to_what_is_no_address_is_the_sources_error() -> None:
    """Whatever way it came."""
    with pytest.raises(TransportFailure) as raised:
        follow("https://a.example/x", to("http://["), DONE)
    assert raised.value.outcome is Outcome.SCHEMA


def test_headers_stay_with_the_very_host_that_they_were_for() -> None:
    """A key in one goes to no other host of the site, and does not come back with the way back."""
    assert [each.headers for each in follow("https://a.example/x", to("/y"), to("/z"), DONE)] == [KEY, KEY]
    there_and_back = (to("https://api.a.example/"), to("https://a.example/"), DONE)
    assert [each.headers for each in follow("https://a.example/x", *there_and_back)] == [None, None]


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [(301, "GET", None), (302, "GET", None), (303, "GET", None), (307, "POST", b"{}"), (308, "POST", b"{}")],
)
def test_a_post_becomes_a_get_but_where_the_redirect_keeps_it(status: int, method: str, body: bytes | None) -> None:
    """As browsers do it; 307 and 308 keep method and body."""
    (sent,) = follow("https://a.example/x", to("/y", status), DONE, method="POST")
    assert (sent.method, sent.body) == (method, body)


@pytest.mark.parametrize("status", [307, 308])
def test_a_post_that_is_sent_on_to_another_host_says_what_its_body_is(status: int) -> None:
    """Without the type servers refuse it (415); a key does not go there, and a GET without a body says no type."""
    there, back = "https://www.a.example/", "https://a.example/"
    (sent,) = follow("https://a.example/x", to(there, status), DONE, method="POST", headers={**KEY, **TYPE})
    assert (sent.body, sent.headers) == (b"{}", TYPE)
    on_and_back = follow("https://a.example/x", to(there, status), to(back), DONE, method="POST", headers=TYPE)
    assert [(each.body, each.headers) for each in on_and_back] == [(b"{}", TYPE), (None, None)]


def test_a_chain_of_redirects_ends() -> None:
    """Three are followed, a fourth is not."""
    assert len(follow("https://a.example/0", *map(to, ("/1", "/2", "/3")), DONE)) == 3
    with pytest.raises(TransportFailure, match="more than 3"):
        follow("https://a.example/0", *map(to, ("/1", "/2", "/3", "/4")), DONE)


def test_a_guard_looks_at_every_place_on_the_way() -> None:
    """A proxy that would follow for us is sent to no private address, also not by the second redirect."""
    with pytest.raises(TransportFailure, match="private address"):
        follow("http://127.0.0.1/x", to("/y"), DONE, guard=Guard())
    with pytest.raises(TransportFailure, match="private address"):
        follow("http://localhost/x", to("http://sub.localhost/y"), DONE, guard=Guard())
    assert len(follow("http://a.example/x", to("/y"), DONE, guard=Guard())) == 1
    assert len(follow("http://127.0.0.1:81/x", to("/y"), DONE, guard=Guard(["http://127.0.0.1:81"]))) == 1


def test_only_a_redirect_that_says_where_to_leads_on() -> None:
    """What has no location, and what is no redirect, is the answer itself."""
    assert leads_on(302, {"Location": "/y"})
    assert not leads_on(302, {})
    assert not leads_on(304, {"Location": "/y"})
    assert not leads_on(200, {"Location": "/y"})
