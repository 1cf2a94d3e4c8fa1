"""How a client reaches the service: address, TLS, token, timeouts, retries; both transports read it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta

import grpc

VERSION = "0.1.0"
SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
}
"""Retries on UNAVAILABLE alone; when half of the tokens are spent, as in an outage, there are none."""

Timeout = timedelta | float | None
"""A span, or seconds; None means the client's own."""


@dataclass(frozen=True, slots=True)
class TLS:
    """Certificates in PEM form; `root_certificates` None means those of the system, a key and chain are for mTLS."""

    root_certificates: bytes | None = None
    private_key: bytes | None = field(default=None, repr=False)
    certificate_chain: bytes | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Return what a channel wants."""
        return grpc.ssl_channel_credentials(self.root_certificates, self.private_key, self.certificate_chain)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How a stream waits before it resumes: a random part of a span that doubles from `first_s` to `most_s`.

    After `patience_s` of waiting without an update or a heartbeat, in seconds, the last error is raised.
    """

    first_s: float = 0.5
    most_s: float = 30.0
    patience_s: float = 300.0

    def longest(self, attempt: int) -> float:
        """Return the longest wait before an attempt, counted from 0."""
        return min(self.most_s, self.first_s * 2.0 ** min(attempt, 60))


@dataclass(frozen=True, slots=True)
class Options:
    """All that a client was made with. `token` is sent as a bearer token, `metadata` with every call."""

    target: str
    tls: TLS | None = None
    token: str | None = field(default=None, repr=False)
    metadata: tuple[tuple[str, str], ...] = ()
    timeout: Timeout = 10.0
    backoff: Backoff = Backoff()

    def call_metadata(self) -> tuple[tuple[str, str], ...]:
        """Return the metadata of every call."""
        return (*self.metadata, ("authorization", f"Bearer {self.token}")) if self.token else self.metadata

    def timeout_s(self, timeout: Timeout) -> float | None:
        """Return a call's timeout in seconds."""
        chosen = self.timeout if timeout is None else timeout
        return chosen.total_seconds() if isinstance(chosen, timedelta) else chosen

    def channel_options(self) -> list[tuple[str, int | str]]:
        """Return the options of a channel."""
        return [
            ("grpc.http2.bdp_probe", 0),  # else a stalled reader holds megabytes of the past
            ("grpc.max_receive_message_length", 16 * 1024 * 1024),
            ("grpc.primary_user_agent", f"nerkh-python/{VERSION}"),
            ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
        ]
