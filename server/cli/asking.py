"""What the commands that ask share: the client and its errors, the way answers are shown, and common options."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.errors import SetupError
from server.settings import load

if TYPE_CHECKING:
    import nerkh
    from rich.console import RenderableType

Address = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="gRPC address of the service, that of NERKH_ADDRESS when unset")
]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="most rows")]
Json = Annotated[bool, typer.Option("--json", help="print JSON for programs")]


@contextmanager
def asking(given: str | None, *, token: str | None = None, option: str = "--address") -> Iterator[nerkh.Client]:
    """Yield a client of the service given or set; its errors become one line, in which `option` names another."""
    import nerkh

    address = given or load().address
    try:
        with nerkh.Client(address, token=token) as client:
            yield client
    except nerkh.DeadlineExceeded:
        raise SetupError(f"no answer from {address} in time; ask again, nerkh sources shows which are slow") from None
    except nerkh.Unavailable as error:
        if error.reason != nerkh.Unavailable.default_reason:  # the service's own word: it is there, and says why
            raise SetupError(str(error)) from None
        why = str(error).rpartition(": ")[2]  # grpc tells the whole chain of causes; the last is the one to act on
        raise SetupError(f"{address} does not answer ({why}); start it with nerkh up, or give {option}") from None
    except (nerkh.InvalidArgument, ValueError) as error:
        raise SetupError(str(error), 2) from None
    except nerkh.NerkhError as error:
        raise SetupError(str(error), 1) from None


def show(answer: Any, as_json: bool, *parts: Callable[[], RenderableType | None]) -> None:
    """Print an answer: as JSON, or the parts that are for people."""
    from server.cli import show as look

    if as_json:
        print(look.as_json(answer))  # noqa: T201 -- the command's own voice
        return
    out = look.console()
    for part in parts:
        shown = part()
        if shown is not None:
            look.put(out, shown)
