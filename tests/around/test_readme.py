"""The README and the documents are true: every path, command, flag, setting, file and source that they name exists."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from nerkh.testing import FakeServer, price

from server.assets import registry
from server.cli.commands import app
from server.providers.catalog import PROVIDERS, sources
from server.settings import KEY, Settings

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = sorted([README, ROOT / "clients/python/README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
GOLDEN = ROOT / "tests/proto/http_paths.txt"

KINDS_OF_ROW = {
    "prices": {"price", "prices"},
    "candles": {"candles"},
    "the market as a whole": {"overview", "trending"},
    "news": {"news"},
    "sentiment": {"fear_greed"},
    "chains": {"gas", "block", "chain", "balance", "transactions", "transaction", "whales"},
}
"""Which kinds of the catalogue a row of "What is served" is about; the other rows name no source."""

NAMES = {
    "alternative_me": "alternative.me",
    "blockchain_info": "blockchain.info",
    "mempool": "mempool.space",
    "esplora": "blockstream",
    "rss": "RSS and Atom feeds",
    "evm_rpc": "nodes each",
}
"""What the README calls a provider, where that is not its name."""


def commands() -> dict[str, set[str]]:
    """Return the commands of `nerkh`, each with its flags."""
    group = typer.main.get_command(app)
    return {
        name: {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)} | {"--help"}
        for name, command in group.commands.items()  # type: ignore[attr-defined]  # a group, by what it was made of
    }


def patterns() -> list[re.Pattern[str]]:
    """Return the public HTTP paths of the golden list, the standard ones and the older system's prefixes."""
    paths = [line.split()[2] for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    return [re.compile(re.sub(r"\\{\w+\\}", "[^/?:]+", re.escape(path)) + r"(\?.*)?") for path in [*paths, "/healthz"]]


def code(text: str) -> Iterator[str]:
    """Yield what a document sets as code: each block, and each run between backquotes outside of them."""
    parts = re.split(r"^```\w*\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    for number, part in enumerate(parts):
        yield from [part] if number % 2 else re.findall(r"`([^`\n]+)`", part)


def wrong_paths(text: str) -> list[str]:
    """Return the HTTP paths below /v1 that the golden list does not hold."""
    known = patterns()
    named = {
        path.rstrip(".,;")
        for part in code(text)
        for path in re.findall(r"(?<![\w.-])(?:/v1/|/healthz)[^\s'\"`)]*", part)
    }
    named |= {path for part in code(text) for path in re.findall(r":\d+(/[^_\s'\"`)][^\s'\"`)]*)", part)}
    named = {path for path in named if not path.startswith(("/metrics", "/api/"))}
    return sorted(path for path in named if not any(one.fullmatch(path) for one in known))


def wrong_commands(text: str) -> list[str]:
    """Return the commands of `nerkh` that are not there, and flags that theirs do not know."""
    known = commands()
    found = []
    for part in code(text):
        for line in part.splitlines():
            match = re.match(r"(?:\$ )?(?:\.venv/bin/)?(?:nerkh|python -m server) ([a-z][a-z-]*)((?: \S+)*)", line)
            if match is None:
                match = re.match(r"(?:\$ )?scripts/(up)((?: \S+)*)", line)
            if match is None:
                continue
            name, rest = match.groups()
            if name not in known:
                found.append(f"nerkh {name}")
            else:
                found += [f"{name} {flag}" for flag in re.findall(r"(--[\w-]+)", rest) if flag not in known[name]]
    return found


def wrong_settings(text: str) -> list[str]:
    """Return the variables that are no setting and no key of a source."""
    fields = {f"NERKH_{name.upper()}" for name in Settings.model_fields}
    fields |= {"NERKH_SETTINGS", "NERKH_FIXTURES", "NERKH_PYTHON", "NERKH_", KEY}
    fields |= {source.key.setting for source in sources() if source.key is not None}
    return sorted(set(re.findall(r"\bNERKH_[A-Z_]*", text)) - fields)


def wrong_files(text: str, folder: Path) -> list[str]:
    """Return the links and the files named as code that are not in the tree."""
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    found = [link for link in links if not (folder / link).exists()]
    start = r"(?:server|scripts|docs|envoy|clients|tests|proto)"
    for part in code(text):
        named = re.findall(rf"(?<![\w./-]){start}/[\w./-]*\w", part)
        found += [name for name in named if not (ROOT / name).exists()]
    return found


def served_rows(text: str) -> dict[str, str]:
    """Return the rows of "What is served": the question, and the cell of its sources."""
    table = text.split("## What is served")[1].split("\n\n")[1]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {row[0]: row[2] for row in cells}


def wrong_sources(text: str) -> list[str]:
    """Return, by row, what is said to serve and does not, or serves and is not said."""
    found = []
    for row, cell in served_rows(text).items():
        kinds = KINDS_OF_ROW.get(row, set())
        for provider in PROVIDERS:
            serves = any(capability.kind.value in kinds for capability in provider.capabilities)
            said = NAMES.get(provider.name, provider.name) in cell
            if kinds and serves != said:
                found.append(f"{row}: {provider.name} {'is not named' if serves else 'does not serve it'}")
    feeds = sum(source.provider == "rss" for source in sources())
    if f"{feeds} RSS and Atom feeds" not in text:
        found.append(f"there are {feeds} feeds")
    if f"a registry of {len(registry().assets)} assets" not in text:
        found.append(f"there are {len(registry().assets)} assets")
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_only_what_exists(document: Path) -> None:
    """Each HTTP path, command, flag, setting, link and file that a document names is there."""
    text = document.read_text(encoding="utf-8")
    found = wrong_paths(text) + wrong_commands(text) + wrong_settings(text) + wrong_files(text, document.parent)
    assert found == []


def test_every_public_path_is_in_the_readme() -> None:
    """The README's table lists every HTTP path of the contract."""
    text = README.read_text(encoding="utf-8")
    paths = {line.split()[2] for line in GOLDEN.read_text(encoding="utf-8").splitlines()}
    assert {
        path for path in paths if path not in text and path.removeprefix("/v1/chains/{chain}/") not in text
    } == set()


def test_every_command_is_in_the_readme() -> None:
    """Whoever reads the README knows of every command."""
    text = README.read_text(encoding="utf-8")
    assert {name for name in commands() if f"nerkh {name}" not in text} == set()


def test_what_is_served_is_what_the_catalogue_serves() -> None:
    """The README names, for each kind of question, the sources that serve it, and no others."""
    assert wrong_sources(README.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (wrong_paths, "`/v1/price/BTC`"),
        (wrong_paths, "```\ncurl 'http://127.0.0.1:8080/v2/prices/BTC'\n```\n"),
        (wrong_commands, "`nerkh dance`"),
        (wrong_commands, "```\n$ .venv/bin/nerkh price BTC --jsn\n```\n"),
        (wrong_commands, "```\nscripts/up --simulated\n```\n"),
        (wrong_settings, "set `NERKH_DATABSE_URL`"),
        (wrong_settings, "set `NERKH_KEY_NOBODY`"),
        (lambda text: wrong_files(text, ROOT), "[threats](docs/threats.md)"),
        (lambda text: wrong_files(text, ROOT), "in `server/nowhere.py`"),
        (wrong_sources, README.read_text(encoding="utf-8").replace("coinlore", "coinlord")),
        (wrong_sources, README.read_text(encoding="utf-8").replace("| candles |", "| candles | x | geckoterminal")),
    ],
)
def test_the_checks_find_what_is_wrong(check: object, text: str) -> None:
    """Each check can fail: it names what does not exist."""
    assert callable(check)
    assert check(text) != []


def snippets(document: Path) -> list[str]:
    """Return the Python blocks of a document."""
    return re.findall(r"^```python\n(.*?)^```$", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def test_the_readmes_python_runs() -> None:
    """The README's program runs as it stands against a service, and prints the price and the change."""
    (program,) = snippets(README)
    ast.parse(program)
    with FakeServer() as server:
        import nerkh

        server.answer("GetPrice", price("BTC", "64000"), asset="BTC")
        end = nerkh.InvalidArgument("the end of the test")
        server.stream("StreamPrices", [nerkh.PriceUpdate(price=price("ETH", "3000"), sequence=1), end])
        done = subprocess.run(
            [sys.executable, "-c", program.replace("localhost:50051", server.target)],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.stdout.startswith("64000 test\nPriceUpdate("), done.stderr
    assert "the end of the test" in done.stderr


def test_no_dependency_is_explained_that_is_none() -> None:
    """Each row of docs/dependencies.md is of a package that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    packages = {re.split(r"[<>=!~;\[ ]", name)[0].lower() for name in named}
    rows = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/dependencies.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert rows
    assert set(rows) - packages == set()


def test_decisions_are_numbered_without_gaps_and_one_page_long() -> None:
    """Each decision has a number of its own, and stands on one page."""
    files = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    assert {file.name for file in files if len(file.read_text(encoding="utf-8").splitlines()) > 60} == set()
