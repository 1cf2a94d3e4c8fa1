"""The embedded PostgreSQL: everything before its process starts; used by the supervisor, which runs that process.

In the data folder, `postgres/cluster` holds the database, `postgres/new-…` one that is being made, and
`postgres/lock` is held for as long as a supervisor lives. The cluster appears by one rename, so that it is complete
or not there. The server is entered by its working directory (`-D /proc/self/cwd`): so it runs as another user below
folders that this user may not pass, and no folder of anyone else changes. It listens on a socket in a folder of its
own, mode 0700, and lets in nobody but the user that runs Nerkh, by the kernel's word (`peer`).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from server.errors import SetupError
from server.store import orphans, programs
from server.store.programs import BARE_ENV, Account, Killed, Programs, account_for, name_of

ROLE = "nerkh"
SOCKETS = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 -- the owner of what stands there is checked
"""Where a socket's path stays below the 107 bytes it may have, however long that of the data folder is."""
HERE = "/proc/self/cwd"
SERVER_SETTINGS = (
    ("listen_addresses", ""),
    ("max_connections", "60"),
    ("shared_buffers", "64MB"),
    ("max_wal_size", "512MB"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_worker_processes", "4"),
    ("max_parallel_workers_per_gather", "0"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    ("log_line_prefix", "%m [%p] "),
    ("log_checkpoints", "off"),
    ("log_min_error_statement", "panic"),
    ("log_statement", "none"),
)
FIRST_STATEMENTS = f"""CREATE ROLE {ROLE} LOGIN CREATEDB;

CREATE DATABASE {ROLE} OWNER {ROLE};

ALTER DATABASE {ROLE} SET search_path TO nerkh, nerkh_simulated, public;

"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """How to start the server. It runs in the foreground, logs to standard error, and stops fast on `stop_signal`.

    The process must be started in `cwd`; `uid` and `gid` are None when it runs as the user that runs Nerkh.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: Path
    url: str
    uid: int | None
    gid: int | None
    socket_folder: Path
    stop_signal: signal.Signals = signal.SIGINT

    def options(self) -> dict[str, object]:
        """Return the keyword arguments of `subprocess.Popen` that start the server as it must be."""
        user = {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": ()}
        return {"env": self.env, "cwd": self.cwd, **user}


@dataclass(slots=True)
class EmbeddedPostgres:
    """The database of one data folder. It holds the folder's lock from the first `prepare` until `close`.

    `package` is the folder of the wheel with PostgreSQL's programs, when it is not the installed one.
    """

    data: Path
    package: Path | None = None
    _lock: int = field(default=-1, init=False, repr=False)
    _sockets: Path | None = field(default=None, init=False, repr=False)

    def prepare(self) -> Prepared:
        """Make the folder ready for a start, whatever an earlier run left, and return how to start.

        It may be called again, after the server died as well as after it was stopped; what still runs of the server
        is stopped. Raises `SetupError` with one line that says what to do.
        """
        home = self.data.absolute() / "postgres"
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._take_lock(home)
            return self._prepare(home)
        except OSError as error:
            raise SetupError(_told(error, self.data)) from error

    def close(self) -> None:
        """Give the folder's lock back, once the server has ended; another supervisor may then use it."""
        if self._sockets is not None:
            with contextlib.suppress(OSError):  # not empty: something still listens there
                self._sockets.rmdir()
            self._sockets = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _take_lock(self, home: Path) -> None:
        if self._lock >= 0:
            return
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 20).decode(errors="replace").strip()
            os.close(lock)
            raise SetupError(
                f"the data folder {self.data} is in use by process {holder or '?'}; stop it, or give another --data"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def _prepare(self, home: Path) -> Prepared:
        cluster = home / "cluster"
        account = account_for(cluster)
        for half_made in home.glob("new-*"):
            orphans.remove(half_made)
        if cluster.exists():
            orphans.stop(orphans.mark_of(cluster), account.uid)
            server = programs.find(account, _version(cluster), self.package)
        else:
            server = programs.find(account, None, self.package)
            _make(home, cluster, server, account)
        _let_in(cluster, account)
        if orphans.alive_in(cluster / "postmaster.pid"):  # not ours: those were stopped, so the id is another's now
            (cluster / "postmaster.pid").unlink()
        sockets = self._sockets = _socket_folder(home, account)
        mark = orphans.mark_of(cluster)
        given = (("cluster_name", mark), ("unix_socket_directories", str(sockets)), *SERVER_SETTINGS)
        return Prepared(
            argv=(server.path("postgres"), "-D", _place(cluster), *_flags(given)),
            env=dict(BARE_ENV),
            cwd=cluster,
            url=f"postgresql://{ROLE}@/{ROLE}?host={sockets}",
            uid=account.uid if account.dropped else None,
            gid=account.gid if account.dropped else None,
            socket_folder=sockets,
        )


def _version(cluster: Path) -> int:
    return int((cluster / "PG_VERSION").read_text(encoding="ascii").strip())


def _place(cluster: Path) -> str:
    return HERE if Path(HERE).exists() else str(cluster)


def _flags(given: tuple[tuple[str, str], ...]) -> list[str]:
    return [part for name, value in given for part in ("-c", f"{name}={value}")]


def _make(home: Path, cluster: Path, server: Programs, account: Account) -> None:
    """Make a cluster with its role and database beside its place, then rename it there."""
    try:
        made = _made(home, server, account)
    except Killed:  # one program of it, and not this one: once more
        made = _made(home, server, account)
    made.rename(cluster)
    _sync(home)


def _made(home: Path, server: Programs, account: Account) -> Path:
    made = home / f"new-{secrets.token_hex(4)}"
    made.mkdir(mode=0o700)
    if account.dropped:
        os.chown(made, account.uid, account.gid)
        if made.stat().st_uid != account.uid:
            raise SetupError(f"the file system of {home} keeps no owners; give another --data")
    try:
        _fill(made, server, account)
    except (OSError, SetupError):
        shutil.rmtree(made, ignore_errors=True)
        raise
    return made


def _fill(made: Path, server: Programs, account: Account) -> None:
    mark, place = orphans.mark_of(made), _place(made)
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if server.major >= 17 else ()
    access = ("-U", "postgres", "--auth=peer", "--no-instructions")
    named = f"cluster_name={mark}"
    argv = (server.path("initdb"), "-D", place, "-E", "UTF8", "--locale=C", *locale, *access, "--set", named)
    _run(argv, made, account)
    given = _flags((("cluster_name", mark), ("log_checkpoints", "off"), ("exit_on_error", "on")))
    argv = (server.path("postgres"), "--single", "-j", "-D", place, *given, "postgres")
    _run(argv, made, account, FIRST_STATEMENTS)


def _run(argv: tuple[str, ...], folder: Path, account: Account, text: str = "") -> None:
    done = subprocess.run(  # noqa: S603 -- PostgreSQL's own programs
        argv,
        cwd=folder,
        env=BARE_ENV,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        process_group=0,  # Ctrl-C in a terminal is for the supervisor, which waits for what it began
        **account.options(),  # type: ignore[call-overload]  # options of Popen, built apart
    )
    if done.returncode != 0:
        if os.strerror(errno.ENOSPC) in done.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        lines = [line for line in (done.stderr + done.stdout).splitlines() if "rror" in line or "FATAL" in line]
        name = Path(argv[0]).name
        if not lines:  # it has a word for every failure of its own
            raise Killed(f"{name} was killed while it made the database in {folder.parent}; start again")
        raise SetupError(f"{name} failed in {folder.parent}: {lines[0].strip()}; mend that, or give another --data")


def _let_in(cluster: Path, account: Account) -> None:
    """Let the user that runs Nerkh in, and nobody else; written anew since that user may be another than last time."""
    user = name_of(os.geteuid())
    maps = "".join(f'nerkh "{user}" {role}\n' for role in (ROLE, "postgres"))
    _write(cluster / "pg_hba.conf", "local all all peer map=nerkh\n", account)
    _write(cluster / "pg_ident.conf", maps, account)


def _write(path: Path, text: str, account: Account) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.read_text(encoding="utf-8", errors="replace") == text:
            return
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, text.encode())
        if account.dropped:
            os.fchown(file, account.uid, account.gid)
        os.fsync(file)
    finally:
        os.close(file)
    new.replace(path)


def _socket_folder(home: Path, account: Account) -> Path:
    """Return the folder for the socket, the same for a data folder at every start unless someone took the name."""
    key = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    names = [f"nerkh-{account.uid}-{key}", *(f"nerkh-{account.uid}-{key}-{number}" for number in range(1, 10))]
    for folder in (base / name for base in SOCKETS for name in names):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            seen = folder.lstat()
            if not stat.S_ISDIR(seen.st_mode) or seen.st_uid not in {account.uid, os.geteuid()}:
                continue
        except OSError:
            continue
        folder.chmod(0o700)
        if account.dropped:
            os.chown(folder, account.uid, account.gid, follow_symlinks=False)
        for left in folder.glob(".s.PGSQL.*"):
            left.unlink()
        return folder
    tried = ", ".join(map(str, SOCKETS))
    raise SetupError(f"the database's socket can be made in none of {tried}; make one writable")


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _told(error: OSError, data: Path) -> str:
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        where = f" ({error.filename})" if error.filename else ""
        return f"the data folder {data} cannot be written{where}; make it writable, or give another --data"
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return f"the data folder {data} is not a folder; give another --data"
    if error.errno == errno.ENOSPC:
        return f"no space left in {data}; free some, or give another --data"
    return f"the data folder {data} cannot be used: {error.strerror or error}; give another --data"
