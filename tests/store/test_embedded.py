"""The embedded PostgreSQL before and around its start, on the real programs; as root with another user, as designed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from server.errors import SetupError
from server.store import embedded as embedded_module
from server.store import orphans, programs
from server.store.embedded import EmbeddedPostgres

ROOT = os.geteuid() == 0
PREPARE = """
import sys
from pathlib import Path
from server.store.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).prepare()
"""
PLAIN = """
import os, sys
from pathlib import Path
from server.errors import SetupError
from server.store.embedded import EmbeddedPostgres
os.setgroups([])
os.setgid(int(sys.argv[3]))
os.setuid(int(sys.argv[2]))
try:
    embedded = EmbeddedPostgres(Path(sys.argv[1]))
    prepared = embedded.prepare()
    print(prepared.uid, prepared.socket_folder.stat().st_uid, prepared.socket_folder)
    embedded.close()
except SetupError as error:
    print(error.status, error)
"""


StartServer = Callable[..., "subprocess.Popen[bytes]"]


async def value(url: str, statement: str) -> object:
    """Return one value from a database."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """Give a data folder below folders that no other user may pass, and stop afterwards what still runs there."""
    (tmp_path / "private").mkdir(mode=0o700)
    folder = tmp_path / "private" / "data"
    yield folder
    for cluster in folder.glob("postgres/*/"):
        orphans.stop(orphans.mark_of(cluster), cluster.stat().st_uid, patience_s=2)
    with contextlib.suppress(SetupError):
        embedded = EmbeddedPostgres(folder)
        if folder.exists():
            shutil.rmtree(embedded.prepare().socket_folder, ignore_errors=True)
            embedded.close()


def test_first_start_makes_a_database_that_only_its_socket_reaches(data: Path, start_server: StartServer) -> None:
    """The first start yields role and database, no TCP port, a private socket folder, and ends on its stop signal."""
    embedded = EmbeddedPostgres(data)
    prepared = embedded.prepare()
    process = start_server(prepared)
    assert asyncio.run(value(prepared.url, "SELECT current_user::text || current_database()")) == "nerkhnerkh"
    assert asyncio.run(value(prepared.url, "SHOW listen_addresses")) == ""
    assert asyncio.run(value(prepared.url, "SHOW fsync")) == "on"
    assert asyncio.run(value(prepared.url, "SHOW server_encoding")) == "UTF8"
    assert asyncio.run(value(prepared.url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")) is False
    assert stat.S_IMODE(prepared.socket_folder.stat().st_mode) == 0o700
    assert len(str(prepared.socket_folder / ".s.PGSQL.5432")) < 100
    process.send_signal(prepared.stop_signal)
    assert process.wait(timeout=10) == 0
    embedded.close()
    assert not prepared.socket_folder.exists()
    assert sorted(path.name for path in (data / "postgres").iterdir()) == ["cluster", "lock"]


@pytest.mark.skipif(not ROOT, reason="only root becomes another user")
def test_root_runs_it_as_another_user_and_changes_no_folder_but_its_own(data: Path, start_server: StartServer) -> None:
    """Started by root, the server belongs to another user, though the folders above let no other user pass."""
    before = {path: (path.stat().st_mode, path.stat().st_uid) for path in data.parents}
    embedded = EmbeddedPostgres(data)
    prepared = embedded.prepare()
    process = start_server(prepared)
    assert prepared.uid not in {None, 0}
    assert Path(f"/proc/{process.pid}").stat().st_uid == prepared.uid
    assert {path: (path.stat().st_mode, path.stat().st_uid) for path in data.parents} == before
    process.send_signal(prepared.stop_signal)
    process.wait(timeout=10)
    embedded.close()


@pytest.mark.skipif(not ROOT, reason="only root can try to come in as another user")
def test_no_other_user_comes_in(data: Path, start_server: StartServer) -> None:
    """A process of the server's own user, which can reach the socket, is refused by the database."""
    embedded = EmbeddedPostgres(data)
    prepared = embedded.prepare()
    process = start_server(prepared)
    psql = programs._package() / "pginstall18" / "bin" / "psql"
    asked = [psql, prepared.url, "-Atc", "SELECT 1"]
    assert subprocess.run(asked, capture_output=True, check=False).stdout == b"1\n"
    refused = subprocess.run(
        asked, capture_output=True, check=False, user=prepared.uid, group=prepared.gid, extra_groups=(), cwd="/"
    )
    assert refused.returncode != 0
    assert b"Peer authentication failed" in refused.stderr
    process.send_signal(prepared.stop_signal)
    process.wait(timeout=10)
    embedded.close()


@pytest.mark.skipif(not ROOT, reason="only root hands programs to another user")
def test_programs_that_the_other_user_cannot_reach_are_copied_once(
    data: Path, start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the wheel below a private folder, the server runs from a readable copy, made once and mended when harmed."""
    hidden = tmp_path / "private" / "site"
    hidden.mkdir(parents=True)
    wheel = programs._package()
    shutil.copytree(wheel / "pginstall18", hidden / programs.PACKAGE / "pginstall18")
    shutil.copytree(wheel.parent / f"{programs.PACKAGE}.libs", hidden / f"{programs.PACKAGE}.libs")
    copies = Path(f"/var/tmp/nerkh-test-{os.getpid()}")  # noqa: S108 -- tmp_path lets no other user in
    copies.mkdir(mode=0o755)
    monkeypatch.setattr(programs, "COPIES", (tmp_path / "absent", copies))
    try:
        embedded = EmbeddedPostgres(data, package=hidden / programs.PACKAGE)
        prepared = embedded.prepare()
        assert Path(prepared.argv[0]).is_relative_to(copies)
        made = Path(prepared.argv[0]).stat().st_ino
        assert Path(embedded.prepare().argv[0]).stat().st_ino == made
        (Path(prepared.argv[0]).parents[1] / "share" / "postgresql" / "postgres.bki").unlink()
        process = start_server(embedded.prepare())
        assert (Path(prepared.argv[0]).parents[1] / "share" / "postgresql" / "postgres.bki").exists()
        process.send_signal(prepared.stop_signal)
        process.wait(timeout=10)
        embedded.close()
        assert [path.name[0] for path in copies.iterdir()] == ["n"]
    finally:
        shutil.rmtree(copies)


@pytest.mark.parametrize("seed", range(8))
def test_a_first_start_that_was_killed_is_in_nobodys_way(data: Path, start_server: StartServer, seed: int) -> None:
    """After SIGKILL at any moment of making the database, with its children orphaned, the next start works at once."""
    child = subprocess.Popen([sys.executable, "-c", PREPARE, str(data)], stdout=subprocess.PIPE, cwd=Path.cwd())
    until = time.monotonic() + 10
    while not (data / "postgres" / "lock").exists() and time.monotonic() < until:
        time.sleep(0.001)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=random.Random(seed).uniform(0, 0.9))  # noqa: S311 -- a repeatable moment
    child.kill()
    child.communicate()
    embedded = EmbeddedPostgres(data)
    prepared = embedded.prepare()
    assert not list((data / "postgres").glob("new-*"))
    process = start_server(prepared)
    assert asyncio.run(value(prepared.url, "SELECT 1")) == 1
    process.send_signal(prepared.stop_signal)
    assert process.wait(timeout=10) == 0
    embedded.close()


def test_an_orphaned_server_is_stopped_before_the_next_start(data: Path, start_server: StartServer) -> None:
    """A server whose supervisor is gone is found by its mark and stopped; the next one sees what it had committed."""
    first = EmbeddedPostgres(data)
    prepared = first.prepare()
    orphan = start_server(prepared)
    asyncio.run(value(prepared.url, "CREATE TABLE kept AS SELECT 7 AS number"))
    first.close()
    second = EmbeddedPostgres(data)
    again = second.prepare()
    assert orphan.wait(timeout=1) == 0
    process = start_server(again)
    assert asyncio.run(value(again.url, "SELECT number FROM kept")) == 7
    process.send_signal(again.stop_signal)
    process.wait(timeout=10)
    second.close()


def test_a_killed_program_of_the_first_start_is_run_once_more(
    data: Path, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever kills initdb alone delays the start; whoever does so again ends it, with what to do and nothing left."""
    run, kills = subprocess.run, [signal.SIGKILL]

    def killed(argv: Sequence[str | Path], **given: Any) -> object:
        if not str(argv[0]).endswith("initdb") or "-D" not in argv or not kills:
            return run(argv, **given)
        (Path(given["cwd"]) / "half").touch()
        return subprocess.CompletedProcess(argv, -kills.pop(), "", "")

    monkeypatch.setattr(programs.subprocess, "run", killed)
    embedded = EmbeddedPostgres(data)
    kills.append(signal.SIGKILL)
    with pytest.raises(SetupError, match=r"initdb was killed .*; start again"):
        embedded.prepare()
    assert [path.name for path in (data / "postgres").iterdir()] == ["lock"]
    kills.append(signal.SIGKILL)
    process = start_server(embedded.prepare())
    process.send_signal(signal.SIGINT)
    process.wait(timeout=10)
    embedded.close()


def test_backends_that_outlive_a_killed_server_are_stopped(data: Path, start_server: StartServer) -> None:
    """Workers that a SIGKILL of the first process leaves, even frozen ones, do not hold the next start back."""
    embedded = EmbeddedPostgres(data)
    prepared = embedded.prepare()
    process = start_server(prepared)
    uid = data.joinpath("postgres/cluster").stat().st_uid
    mark = orphans.mark_of(data / "postgres" / "cluster")
    workers = [pid for pid in orphans.processes(mark, uid) if pid != process.pid]
    assert workers
    os.kill(workers[0], signal.SIGSTOP)
    process.kill()
    process.wait()
    assert workers[0] in orphans.processes(mark, uid)
    again = embedded.prepare()
    assert orphans.processes(mark, uid) == ()
    process = start_server(again)
    process.send_signal(again.stop_signal)
    assert process.wait(timeout=10) == 0
    embedded.close()


def test_a_recycled_process_id_is_left_alone(data: Path, start_server: StartServer) -> None:
    """A lock file that names a living process of someone else neither stops the start nor that process."""
    embedded = EmbeddedPostgres(data)
    prepared = embedded.prepare()
    user = {} if prepared.uid is None else {"user": prepared.uid, "group": prepared.gid, "extra_groups": ()}
    other = subprocess.Popen(["sleep", "60"], cwd="/", **user)
    try:
        lock = data / "postgres" / "cluster" / "postmaster.pid"
        lock.write_text(f"{other.pid}\n{prepared.cwd}\n1\n5432\n\n\n")
        if prepared.uid is not None:
            os.chown(lock, prepared.uid, prepared.gid or 0)
        process = start_server(embedded.prepare())
        assert other.poll() is None
        process.send_signal(prepared.stop_signal)
        assert process.wait(timeout=10) == 0
    finally:
        other.kill()
        other.wait()
        embedded.close()


def test_a_data_folder_in_use_is_refused(data: Path) -> None:
    """A second supervisor on the same folder is told which process holds it, and its database runs on."""
    first = EmbeddedPostgres(data)
    first.prepare()
    with pytest.raises(SetupError, match=f"in use by process {os.getpid()}"):
        EmbeddedPostgres(data).prepare()
    first.close()


def test_a_folder_that_cannot_be_used_says_so_in_one_line(tmp_path: Path) -> None:
    """A file where the data folder should be gives one line that names it, and status 69."""
    (tmp_path / "data").write_text("")
    with pytest.raises(SetupError) as caught:
        EmbeddedPostgres(tmp_path / "data").prepare()
    assert caught.value.status == 69
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "data") in str(caught.value)


@pytest.mark.skipif(not ROOT, reason="needs a second user")
def test_a_plain_user_needs_nothing_else() -> None:
    """A plain user's server runs as that user; an unwritable folder is one line with status 69."""
    user = pwd.getpwnam("nobody")
    base = Path(f"/var/tmp/nerkh-plain-{os.getpid()}")  # noqa: S108 -- tmp_path lets no other user in
    base.mkdir(mode=0o755)
    (base / "own").mkdir()
    os.chown(base / "own", user.pw_uid, user.pw_gid)

    def run(folder: Path) -> str:
        argv = [sys.executable, "-c", PLAIN, folder, str(user.pw_uid), str(user.pw_gid)]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    try:
        assert run(base / "own" / "data").startswith(f"None {user.pw_uid} /tmp/nerkh-{user.pw_uid}-")
        assert run(base / "data").startswith("69 ")
    finally:
        shutil.rmtree(base)


def test_a_database_of_another_release_is_not_touched(data: Path) -> None:
    """A cluster of a PostgreSQL that is not installed is one line that names it, and stays as it was."""
    embedded = EmbeddedPostgres(data)
    embedded.prepare()
    version = data / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("12\n")
    with pytest.raises(SetupError, match="of PostgreSQL 12"):
        embedded.prepare()
    assert version.read_text() == "12\n"
    version.write_text(str(programs.find(programs.Account(os.geteuid(), os.getegid(), dropped=False)).major))
    embedded.close()


def test_a_socket_folder_of_someone_else_is_not_used(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another took the socket's name, or nothing can be made, the next place is taken."""
    places = (tmp_path / "absent", tmp_path / "sockets")
    places[1].mkdir()
    monkeypatch.setattr(embedded_module, "SOCKETS", places)
    embedded = EmbeddedPostgres(data)
    first = embedded.prepare().socket_folder
    assert first.parent == places[1]
    first.rmdir()
    first.symlink_to(tmp_path)
    assert embedded.prepare().socket_folder == first.with_name(f"{first.name}-1")
    embedded.close()


def test_a_copy_of_a_data_folder_is_another_database(data: Path) -> None:
    """The mark that tells whose a process is stays over a rename and differs in a copy."""
    embedded = EmbeddedPostgres(data)
    embedded.prepare()
    embedded.close()
    cluster = data / "postgres" / "cluster"
    mark = orphans.mark_of(cluster)
    shutil.copytree(cluster, data / "copy")
    assert orphans.mark_of(data / "copy") != mark
    cluster.rename(data / "moved")
    assert orphans.mark_of(data / "moved") == mark
