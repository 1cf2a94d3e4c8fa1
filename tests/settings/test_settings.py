"""Settings from the environment, the file and flags: what wins, and what is said of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.errors import SetupError
from server.settings import keys, load, redis_passwords


def filed(tmp_path: Path, content: str | bytes) -> dict[str, str]:
    """Return an environment that names a file of this content."""
    path = tmp_path / "settings"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {"NERKH_SETTINGS": str(path)}


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearer a setting was given, the more it counts; comments, blanks and quotes are taken as in any such file."""
    text = "# ours\n\nNERKH_HTTP_PORT=1\nexport NERKH_GRPC_PORT = 2\nNERKH_ADMIN_PORT=3\nNERKH_DATA='a b'\nHOST=x\n"
    environ = filed(tmp_path, text) | {"NERKH_GRPC_PORT": "20", "NERKH_ADMIN_PORT": "30"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    settings = load(admin_port=300)
    assert (settings.http_port, settings.grpc_port, settings.admin_port) == (1, 20, 300)
    assert settings.data == Path("a b")


def test_keys_may_stand_in_the_file_as_well(tmp_path: Path) -> None:
    """The environment's keys replace the file's of the same name; one that is written twice is one."""
    environ = filed(tmp_path, "NERKH_KEY_ETHERSCAN=a, b,a,, b\nNERKH_KEY_OTHER=c\n") | {"NERKH_KEY_OTHER": "d"}
    found = {name: [each.get_secret_value() for each in several] for name, several in keys(environ).items()}
    assert found == {"NERKH_KEY_ETHERSCAN": ["a", "b"], "NERKH_KEY_OTHER": ["d"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00\xff\xfe\x80", "is not a text of NAME=value lines"),
        ("NERKH_HTTP_PORT=1\nwords\n", "line 2 of .* is not NAME=value"),
        ('NERKH_DATABASE_URL="secret', "line 1 of .* is not NAME=value"),
        ("NERKH_GRPC_PROT=1", "sets NERKH_GRPC_PROT, which is no setting"),
        ("NERKH_GRPC_PORT=many", "NERKH_GRPC_PORT: should be a valid integer"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, content: str | bytes, said: str) -> None:
    """It names the line or the setting, never a value that may be a secret, and ends with status 2."""
    with pytest.raises(SetupError, match=said) as caught:
        load(filed(tmp_path, content))
    assert caught.value.status == 2
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("path", ["/nowhere/settings", "/"])
def test_a_file_that_cannot_be_read_is_said(path: str) -> None:
    """A missing file and a folder are refused alike."""
    with pytest.raises(SetupError, match="cannot be read"):
        load({"NERKH_SETTINGS": path})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", ""),
        ("host", "localhost"),
        ("data", ""),
        ("grpc_port", ""),
        ("grpc_port", "-1"),
        ("drain_s", "inf"),
        ("slow_call_s", "nan"),
        ("attempts", "0"),
        ("page_token_key", ""),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    """Nothing that no listener, folder or timer can be made of gets past the start."""
    with pytest.raises(SetupError, match=f"^NERKH_{name.upper()}: .*; correct or unset it$") as caught:
        load({}, **{name: value})
    assert caught.value.status == 2


@pytest.mark.parametrize(
    "url",
    [
        "redis",
        "redis://",
        "http://:hidden@127.0.0.1:6379",
        "redis://:hidden@127.0.0.1:port",
        "redis://:hidden@127.0.0.1:6379/name",
        "redis://:hidden@a b:6379",
        "redis://:hid/den@127.0.0.1:6379",
        "unix://:hidden@",
        "redis://127.0.0.1?ssl_cert_reqs=hidden",
        "redis://user\uff1ahidden@host:6379",
        "redis://:hidden@127.0.0.1:65536",
        "redis://:hid[den@127.0.0.1:6379",
    ],
)
def test_no_address_of_a_redis_is_said_in_one_line_that_does_not_show_it(url: str) -> None:
    """It may hold a password."""
    with pytest.raises(SetupError, match=r"^NERKH_REDIS_URL: is no redis://") as caught:
        load({}, redis_url=url)
    assert caught.value.status == 2
    assert "hid" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["proxies", "proxy_url"])
@pytest.mark.parametrize(
    "url",
    [
        "http://user\uff1ahidden@host:3128",
        "http://u:hid[den@host:3128",
        "socks5://u:hidden@127.0.0.1:99999",
        "http://u:hidden@[1:2]:80",
        "http://u:hidden@host:0",
    ],
)
def test_no_address_of_a_proxy_is_said_in_one_line_that_does_not_show_it(name: str, url: str) -> None:
    """A colon of another alphabet, a bracket, a port too high: none gets as far as the first request."""
    with pytest.raises(SetupError, match=r"number 2 is no http://") as caught:
        load({}, **{name: f"http://a:1,{url}"})
    assert caught.value.status == 2
    assert "hid" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("redis://cache.example", []),
        ("rediss://user:p%40ss@cache.example:6380/2", ["p%40ss", "p@ss"]),
        ("redis://:secret@[::1]:6379", ["secret"]),
        ("unix:///run/redis/redis.sock", []),
        ("unix://:secret@/run/redis/redis.sock?db=3", ["secret"]),
        ("", None),
    ],
)
def test_the_address_of_a_redis_and_its_password_are_what_logs_hide(url: str, hidden: list[str] | None) -> None:
    """As written and as sent; an empty one is none."""
    settings = load({}, redis_url=url)
    found = redis_passwords(settings)
    assert set(found) == set() if hidden is None else {url, *hidden}
    assert "secret" not in repr(settings)
