"""Frozen settings from the environment and an optional file; the only reader of `os.environ`.

Every setting is an environment variable `NERKH_…`; `NERKH_SETTINGS` names an optional file of `NAME=value` lines,
which the environment overrides.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.errors import SetupError

KEY = "NERKH_KEY_"
PROXY = re.compile(
    r"(?:(?P<name>[a-z][a-z0-9_-]{0,31})=)?"
    r"(?P<url>(?P<scheme>https?|socks5h?)://(?:[^@/?#\s]*@)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?/?)"
)
"""One proxy: its name where it has one, and its address; name and password in it are percent-encoded."""

REDIS = re.compile(
    r"rediss?://(?P<user>[^:@/?#\s]*(?::(?P<password>[^@/?#\s]*))?@)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?(?:/\d{0,4})?"
    r"|unix://(?:[^@/?#\s]*@)?/[^?#\s]+(?:\?db=\d{1,4})?"
)
"""The address of a Redis: name and password in it are percent-encoded."""


def _is_whole(url: str) -> bool:
    """Say whether an address can be taken apart: a port may be too high, a character stand for another."""
    try:
        port = urlsplit(url).port
    except ValueError:
        return False
    return port is None or port > 0


class Settings(BaseSettings):
    """All that can be set from outside; each field's name is its variable's name behind `NERKH_`."""

    model_config = SettingsConfigDict(env_prefix="NERKH_", frozen=True, extra="ignore", allow_inf_nan=False)

    host: str = Field("127.0.0.1", description="address the public gRPC and HTTP listeners bind")
    grpc_port: int = Field(50051, ge=0, le=65535)
    admin_port: int = Field(50052, ge=0, le=65535)
    http_port: int = Field(8080, ge=0, le=65535)
    admin_http_port: int = Field(8081, ge=0, le=65535)
    metrics_port: int = Field(9464, ge=0, le=65535)
    address: str = Field("127.0.0.1:50051", min_length=1, description="service that the command line asks, by gRPC")
    trusted_hops: int = Field(0, ge=0, description="number of proxies in front of Envoy that are to be believed")
    data: Path = Field(Path("data"), description="folder for the embedded database and the operators' token")
    database_url: SecretStr | None = Field(None, description="postgresql:// address; unset: the embedded one")
    redis_url: SecretStr | None = Field(
        None, description="a Redis or Valkey that processes share, redis://, rediss:// or unix://; unset: none"
    )
    redis_wait_s: float = Field(0.05, gt=0, description="longest wait for an answer of another process, in seconds")
    simulator_url: str | None = Field(None, description="the simulator's control address; unset: the real sources")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")
    log_format: str = Field("text", pattern="^(text|json)$", description="log lines as key=value or as JSON")
    log_sample: float = Field(0.01, ge=0, le=1, description="share of good calls that are logged")
    slow_call_s: float = Field(1.0, gt=0, description="calls slower than this are logged, in seconds")
    drain_s: float = Field(10.0, ge=0, le=3600, description="longest wait for calls in flight at shutdown, in seconds")
    collect: bool = Field(default=True, description="fetch news, indices, prices and fees on a schedule")
    page_token_key: SecretStr | None = Field(
        None, min_length=16, description="key that signs page tokens; unset: made and stored"
    )

    attempts: int = Field(15, ge=1, le=50, description="most attempts for one fetch")
    attempt_floor_s: float = Field(0.5, gt=0)
    attempt_ceiling_s: float = Field(8.0, gt=0)
    hedge_share: float = Field(0.1, ge=0, le=1, description="hedges and repeats at the same source: for each fetch")
    hedge_per_s: float = Field(3.0, ge=0, description="hedges and repeats at the same source: for each second")
    hedge_most: float = Field(30.0, ge=0, description="hedges and repeats that quiet times save up")
    near_equal: float = Field(0.1, ge=0, lt=1, description="leaders whose scores differ by less share the calls")
    quotes_per_s: float = Field(
        2.0, ge=0, le=100, description="quotes asked for in the background, a second in all; 0 for none"
    )
    quotes_every_s: float = Field(3.0, gt=0, description="one such quote of each price asked for lately, in seconds")
    plan_every_s: float = Field(15.0, gt=0)
    blocked_s: float = Field(86_400.0, gt=0, description="failure after which a source is out of rotation, in seconds")
    sunset_s: float = Field(604_800.0, gt=0, description="failure after which a source is given up, in seconds")
    nameless_s: float = Field(3_600.0, gt=0, description="a source whose name is unknown for so long is given up")
    gone_in_row: int = Field(3, ge=1, description="answers 410 in a row after which a source is given up")
    probe_s: float = Field(600.0, gt=0, description="how often an excluded source is probed, in seconds")
    sunset_probe_s: float = Field(86_400.0, gt=0, description="how often a source given up is probed, in seconds")
    mirror_share: float = Field(0.0, ge=0, le=1, description="share of callers' fetches that excluded sources get too")
    mirror_least_s: float = Field(30.0, ge=0, description="least time between two of those at one source, in seconds")
    decisions_every_s: float = Field(
        2.0, gt=0, description="how often sources' health is kept and operators' decisions are looked for, in seconds"
    )
    lease_s: float = Field(5.0, gt=0, description="how long one fetch may hold equal ones back, in seconds")
    quota_reserve: float = Field(
        0.3, ge=0, lt=1, description="share of each source's limits that is kept for users over collectors"
    )
    quota_hedge_room: float = Field(
        0.2, ge=0, le=1, description="no hedge goes to a source with less than this share of a limit left"
    )
    quota_cut: float = Field(0.5, gt=0, lt=1, description="factor of a source's rate after it refuses for too many")
    quota_raise: float = Field(0.05, gt=0, le=1, description="share by which each success raises a lowered rate")
    quota_floor: float = Field(1.0, gt=0, description="requests a minute that a lowered rate never goes under")
    quota_share: float = Field(
        1.0, gt=0, le=1, description="share of sources' limits for this process, 1/n where n of them share nothing"
    )
    heed_limits: bool = Field(
        default=True, description="keep within the limits that sources publish; off for sources of one's own alone"
    )
    proxies: SecretStr | None = Field(
        None, description="proxies to sources: [name=]scheme://user:password@host:port, http, https or socks5"
    )
    proxy_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("NERKH_PROXY_URL", "proxy_url"),
        description="one more proxy, as PROXY_URL too",
    )
    doh: str = Field("", description="DNS-over-HTTPS resolvers for sources' names, such as https://host/dns-query")
    public_proxies: bool = Field(default=False, description="also use public CORS proxies, for GETs without a key")
    proxy_connect_s: float = Field(3.0, gt=0, description="longest wait for a proxy's way to its host, in seconds")
    egress_quarantine_s: float = Field(60.0, gt=0, description="rest of a way out that failed, times its failures")
    egress_quarantine_longest_s: float = Field(1800.0, gt=0)
    egress_sticky_s: float = Field(600.0, ge=0, description="how long a host keeps the proxy that works, in seconds")
    egress_rotate_s: float = Field(60.0, gt=0, description="how often equally fast proxies take turns, in seconds")
    egress_test_s: float = Field(60.0, gt=0, description="how often proxies are tested, in seconds")
    body_limit: int = Field(16 * 1024 * 1024, gt=0, description="most bytes of one answer, after decompression")
    cache_entries: int = Field(50_000, gt=0, description="most answers, and rows of lists in them, that are cached")
    store_queue: int = Field(50_000, gt=0, description="most rows that wait for the database; more are refused")
    store_batch: int = Field(1_000, gt=0, description="most rows of one transaction")
    store_flush_s: float = Field(0.2, ge=0, description="how long rows are gathered for one transaction, in seconds")
    store_read_s: float = Field(2.0, gt=0, description="longest read of stored history, in seconds")
    store_wait_s: float = Field(10.0, ge=0, description="longest wait for the database at start, in seconds")
    usage_names: int = Field(256, gt=0, description="most assets, and chains, that usage figures count by name")
    metric_series: int = Field(5_000, gt=0, description="most series of one metric; what is over counts as other")
    streams_per_caller: int = Field(16, gt=0)
    keys_per_stream: int = Field(300, gt=0)

    @field_validator("host")
    @classmethod
    def _is_address(cls, host: str) -> str:
        """Take an IP address: every listener binds exactly this one, and a name may stand for several."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError(f"{host!r} is no IP address such as 127.0.0.1 or 0.0.0.0") from None
        return host

    @field_validator("proxies", "proxy_url")
    @classmethod
    def _are_proxies(cls, given: SecretStr | None) -> SecretStr | None:
        """Refuse what is no proxy's address, without showing it: it may hold a password."""
        parts = given.get_secret_value().split(",") if given is not None else []
        for number, part in enumerate(map(str.strip, parts), 1):
            match = PROXY.fullmatch(part)
            if part and (match is None or not _is_whole(match["url"])):
                raise ValueError(f"number {number} is no http://, https:// or socks5:// address of a host and port")
        return given

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, given: SecretStr | None) -> SecretStr | None:
        """Refuse what is no address of a Redis, without showing it: it may hold a password. Empty is unset."""
        text = "" if given is None else given.get_secret_value().strip()
        if text and (REDIS.fullmatch(text) is None or not _is_whole(text)):
            raise ValueError("is no redis://, rediss:// or unix:// address, such as redis://:password@host:6379/0")
        return SecretStr(text) if text else None

    @field_validator("doh")
    @classmethod
    def _are_resolvers(cls, given: str) -> str:
        """Take addresses that are spoken to over TLS; on this machine alone also without."""
        for each in filter(None, map(str.strip, given.split(","))):
            if re.fullmatch(r"https://[^\s/@?#]+/[^\s?#]*|http://(127\.0\.0\.1|\[::1\])(:\d+)?/[^\s?#]*", each) is None:
                raise ValueError("names no https:// address with a path, such as https://dns.example/dns-query")
        return given

    @field_validator("data", mode="before")
    @classmethod
    def _is_named(cls, data: object) -> object:
        """Refuse the empty path: it would fill the folder that the process was started in."""
        if data == "":
            raise ValueError("names no folder")
        return data


_LINE = re.compile(
    r"""(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?:"(?P<two>[^"]*)"|'(?P<one>[^']*)'|(?P<bare>[^"'].*)?)"""
)


def load(environ: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Return the settings of the environment, with `given` (command-line flags) over them.

    Raises `SetupError` (status 2) that names the setting and what would be right, never a secret's value.
    """
    env = os.environ if environ is None else environ
    filed = {name.removeprefix("NERKH_").lower(): value for name, value in _filed(env).items() if name not in env}
    values: dict[str, Any] = {name: value for name, value in filed.items() if name in Settings.model_fields}
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper().removeprefix("NERKH_")
        said = first["msg"].removeprefix("Value error, ").replace("Input should", "should")
        both = " (or PROXY_URL)" if name == "PROXY_URL" else ""
        raise SetupError(f"NERKH_{name}{both}: {said}; correct or unset it", 2) from None


def _filed(env: Mapping[str, str]) -> dict[str, str]:
    """Return what the file that `NERKH_SETTINGS` names sets; raises `SetupError` for a line that sets nothing."""
    file = env.get("NERKH_SETTINGS")
    if not file:
        return {}
    try:
        lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise SetupError(
            f"NERKH_SETTINGS: {file} is not a text of NAME=value lines; name another or unset it", 2
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no path"
        raise SetupError(
            f"NERKH_SETTINGS: {file} cannot be read ({why.lower()}); name another or unset it", 2
        ) from None
    found: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise SetupError(f"NERKH_SETTINGS: line {number} of {file} is not NAME=value; correct it", 2)
        name = match["name"]
        if not name.startswith("NERKH_"):
            continue  # another program's
        if not _known(name):
            raise SetupError(f"NERKH_SETTINGS: line {number} of {file} sets {name}, which is no setting; correct it", 2)
        found[name] = match["two"] or match["one"] or match["bare"] or ""
    return found


def _known(name: str) -> bool:
    return name.startswith(KEY) or name.removeprefix("NERKH_").lower() in Settings.model_fields


def keys(environ: Mapping[str, str] | None = None) -> dict[str, tuple[SecretStr, ...]]:
    """Return the sources' keys, `NERKH_KEY_<SOURCE>`, each once of several with commas between, by their variables."""
    env = os.environ if environ is None else environ
    found = {}
    for name, value in {**_filed(env), **env}.items():
        if name.startswith(KEY):
            parts = tuple(map(SecretStr, dict.fromkeys(part.strip() for part in value.split(",") if part.strip())))
            if parts:
                found[name] = parts
    return found


def redis_passwords(settings: Settings) -> list[str]:
    """Return the address of Redis and its password, as written and as sent, so that logs can be kept from them."""
    if settings.redis_url is None:
        return []
    address = settings.redis_url.get_secret_value()
    word = urlsplit(address).password
    return [address, *({word, unquote(word)} if word else ())]
