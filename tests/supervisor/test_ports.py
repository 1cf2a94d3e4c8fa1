"""Ports: chosen where 0 is asked for, and refused with a helpful line where somebody holds them."""

from __future__ import annotations

import dataclasses
import os
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from server.errors import SetupError
from server.settings import Settings, load
from server.supervisor.ports import settle

FREE = {"grpc_port": 0, "admin_port": 0, "http_port": 0, "admin_http_port": 0, "metrics_port": 0}


def settings(**given: Any) -> Settings:
    """Return settings that ask for free ports, but for those given."""
    return load({}, **FREE | given)


@pytest.fixture
def busy() -> Iterator[int]:
    """Give a port on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_zero_picks_free_ports_each_another() -> None:
    """Seven ports, none twice, none 0."""
    ports = dataclasses.asdict(settle(settings()))
    assert ports.pop("host") == "127.0.0.1"
    assert len(set(ports.values())) == 7
    assert 0 not in ports.values()


@pytest.mark.parametrize("name", ["grpc", "admin", "http", "admin_http", "metrics"])
def test_a_busy_port_names_its_holder_and_the_flag(busy: int, name: str) -> None:
    """One line says who holds the port and how to choose another; the exit status is 69."""
    with pytest.raises(SetupError) as caught:
        settle(settings(**{f"{name}_port": busy}))
    flag = f"--{name.replace('_', '-')}-port"
    assert str(caught.value).startswith(f"port {busy} is in use by ")
    assert str(caught.value).endswith(f"(process {os.getpid()}); choose another with {flag}")
    assert caught.value.status == 69


def test_a_port_shared_by_so_reuseport_is_busy_too() -> None:
    """A listener that would share its port is found all the same: two services never stand on one."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SetupError, match="is in use by"):
            settle(settings(grpc_port=other.getsockname()[1]))


def test_the_same_port_twice_is_refused() -> None:
    """Two parts cannot be given one port: that is wrong use, exit status 2."""
    with pytest.raises(SetupError, match="port 18080 is given twice; choose another with --http-port") as caught:
        settle(settings(http_port=18080, admin_http_port=18080))
    assert caught.value.status == 2


def test_a_port_left_in_time_wait_is_free() -> None:
    """The rest of closed connections does not keep a restart from its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = listener.accept()
        accepted.close()
        client.close()
    assert settle(settings(http_port=port)).http == port


def test_an_address_of_another_machine_is_refused() -> None:
    """`--host` must be an address of this machine."""
    with pytest.raises(SetupError, match="no address of this machine; give another --host"):
        settle(settings(host="192.0.2.77"))


@pytest.mark.parametrize(("host", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.1", "127.0.0.1")])  # noqa: S104 -- parsed alone
def test_a_wildcard_is_reached_over_loopback(host: str, reached: str) -> None:
    """What listens everywhere is asked on loopback."""
    assert settle(settings(host=host)).reached == reached


def test_a_port_that_an_outgoing_connection_has_is_waited_for() -> None:
    """A connection that happens to go out from the port holds it without listening; once it ends, the port is taken."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends at once when closed
        port = out.getsockname()[1]
        ending = threading.Timer(0.3, out.close)
        ending.start()
        assert settle(settings(grpc_port=port)).grpc == port
        ending.join()


def test_an_outgoing_connection_that_lasts_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens, the error does not send anyone to look for a process."""
    monkeypatch.setattr("server.supervisor.ports.PATIENCE", 0)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as out,
        pytest.raises(SetupError, match="in use by an outgoing connection for up to a minute; choose another with"),
    ):
        settle(settings(grpc_port=out.getsockname()[1]))
