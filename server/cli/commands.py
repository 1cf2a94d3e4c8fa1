"""The commands and their options, for people; what they do is in `process` and `ask`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import Abort, Exit, TyperException

from server.cli import admin, process, questions, quotes
from server.cli.incidents import incidents
from server.errors import SetupError
from server.settings import Settings, load

app = typer.Typer(
    name="nerkh",
    help="Crypto prices, news, sentiment and on-chain data from many free sources, none of which is relied on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

INTERRUPTED = 130
UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE})


def port(what: str, usual: int) -> Any:
    """Return the option of one port; its default stands in the settings, which the environment sets too."""
    return typer.Option(min=0, max=65535, metavar="PORT", help=f"of {what}, {usual} when unset; 0 picks a free one")


Data = Annotated[
    str | None,
    typer.Option(metavar="FOLDER", help="of the embedded database and the operators' token, data when unset"),
]
Replay = Annotated[Path | None, typer.Option(help="folder of recorded answers that the simulator is to serve")]
Seed = Annotated[int | None, typer.Option(help="what the simulated world starts from")]


def run(words: Sequence[str]) -> int:
    """Run one command line and return its exit status."""
    try:
        status = app(list(words), prog_name="nerkh", standalone_mode=False)
        if sys.stdout is not None:  # closed by the caller
            sys.stdout.flush()  # what cannot be written is said here, not as the interpreter ends
    except OSError as error:
        return unwritten(error)
    except SetupError as error:
        return process.complain(error)
    except Exit as ended:
        return ended.exit_code
    except TyperException as wrong:
        said = wrong.format_message().removesuffix(".")
        typer.echo(f"nerkh: {said} ({asked_for(words)} --help tells more)", err=True)
        return wrong.exit_code
    except (KeyboardInterrupt, Abort):
        return INTERRUPTED
    return status if isinstance(status, int) else 0


def unwritten(error: OSError) -> int:
    """Return the exit status of a command that could not write what it had to; raises any other error.

    A reader that went away, such as `head`, knows why; anything else is said in one line.
    """
    if error.errno not in UNWRITABLE:
        raise error
    with open(os.devnull, "w") as nothing:  # noqa: PTH123 -- else the interpreter complains of the rest as it ends
        os.dup2(nothing.fileno(), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return 1
    said = os.strerror(error.errno or 0).lower()
    return process.complain(SetupError(f"cannot write ({said}); make room, or write elsewhere", 1))


def asked_for(words: Sequence[str]) -> str:
    """Return the command that the words name, for the text that points to its help."""
    return f"nerkh {words[0]}" if words and words[0] in NAMES else "nerkh"


def chosen(**given: Any) -> Settings:
    """Return the settings with the flags that were given over them."""
    return load(**given)


@app.command()
def up(
    *,
    host: Annotated[str | None, typer.Option(help="address of the public listeners, 127.0.0.1 when unset")] = None,
    grpc_port: Annotated[int | None, port("gRPC", 50051)] = None,
    admin_port: Annotated[int | None, port("the operators' gRPC", 50052)] = None,
    http_port: Annotated[int | None, port("HTTP, by Envoy", 8080)] = None,
    admin_http_port: Annotated[int | None, port("the operators' HTTP", 8081)] = None,
    metrics_port: Annotated[int | None, port("Prometheus metrics", 9464)] = None,
    data: Data = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error")] = None,
    simulate: Annotated[bool, typer.Option("--simulate", help="simulated sources: works without the internet")] = False,
    replay: Replay = None,
    seed: Seed = None,
) -> int:
    """Run everything: the database, the service and Envoy (and, where asked for, the simulator)."""
    if (replay is not None or seed is not None) and not simulate:
        raise SetupError("--replay and --seed belong to the simulator; add --simulate", 2)
    settings = chosen(
        host=host,
        grpc_port=grpc_port,
        admin_port=admin_port,
        http_port=http_port,
        admin_http_port=admin_http_port,
        metrics_port=metrics_port,
        data=data,
        log_level=log_level,
    )
    return process.up(settings, simulate=simulate, replay=replay, seed=seed)


@app.command()
def serve() -> int:
    """Run the gRPC service alone, set by the NERKH_ variables, on the database of NERKH_DATABASE_URL."""
    return process.serve_now()


@app.command()
def migrate() -> int:
    """Bring the database named by NERKH_DATABASE_URL to the newest schema."""
    return process.migrate(chosen())


@app.command("simulate")
def simulate_command(
    *,
    host: Annotated[str, typer.Option(help="loopback address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="of the control API; 0 picks a free one")] = 0,
    ports_file: Annotated[Path | None, typer.Option(help="file that keeps the sources' ports")] = None,
    seed: Annotated[int, typer.Option(help="what the simulated world starts from")] = 1,
    replay: Replay = None,
) -> int:
    """Run the simulator alone: a stand-in for every source, on loopback."""
    return process.simulate(host=host, port=port, ports_file=ports_file, seed=seed, replay=replay)


ASKING: dict[str, Callable[..., None]] = {**questions.COMMANDS, "incidents": incidents, "quotes": quotes.quotes}
for _name, _command in ASKING.items():
    app.command(_name)(_command)

app.add_typer(admin.app)

NAMES = frozenset({"admin", "up", "serve", "migrate", "simulate", *ASKING})
