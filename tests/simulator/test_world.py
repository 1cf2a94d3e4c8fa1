"""The world: the same for the same seed, consistent with itself, and as lively as a real market."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

import pytest

from server.simulator.noise import path
from server.simulator.prices import Prices
from server.simulator.view import View
from server.simulator.world import World

NOW = 1_795_174_000.25
ETHEREUM_ADDRESS = "0x50532e4be195d1de0c2e6dfa46d9ec0a4fee6861"


@pytest.fixture(scope="module")
def world() -> World:
    """Give one world for the whole module; it keeps no state that matters."""
    return World(7)


def test_seed_decides() -> None:
    """Two worlds of one seed agree at every time and on everything, two seeds do not."""
    first, second, other = Prices(7), Prices(7), Prices(8)
    for name in ("bitcoin", "ethereum", "tether", "staked-ether"):
        for back in (0, 1, 3600, 86_400 * 300):
            asset = first.by_id[name]
            assert first.price(asset, NOW - back) == second.price(second.by_id[name], NOW - back)
    assert first.price(first.by_id["bitcoin"], NOW) != other.price(other.by_id["bitcoin"], NOW)


def test_history_does_not_change(world: World) -> None:
    """A closed candle is the same whenever it is read."""
    bitcoin = world.prices.by_id["bitcoin"]
    open_s = NOW - NOW % 3600 - 7200
    early = Prices(7).bar(bitcoin, open_s, 3600, NOW - 3600)
    assert early == world.prices.bar(bitcoin, open_s, 3600, NOW + 86_400 * 30)


@pytest.mark.parametrize("quote", ["USD", "USDT", "EUR", "BTC"])
def test_the_history_that_a_source_shows_does_not_change(world: World, quote: str) -> None:
    """Neither by what the source is off the world's price nor by what the quote is worth, which both change."""
    ether = world.prices.by_id["ethereum"]
    opens = [NOW - NOW % 3600 - 3600 * back for back in range(30, -1, -1)]
    early, late = (View(world, "coinbase", now).bars(ether, opens, 3600, quote) for now in (NOW, NOW + 86_400))
    assert early[:-1] == late[:-1]
    assert early[-1].close == View(world, "coinbase", NOW).price(ether, quote)
    for bar in early:
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


@pytest.mark.parametrize("span", [60, 300, 3600, 86_400, 604_800])
def test_candles_hold_prices(world: World, span: int) -> None:
    """Candles join without gaps, hold their ends, and end in the price of their last moment."""
    prices = world.prices
    for name in ("bitcoin", "shiba-inu", "tether"):
        asset = prices.by_id[name]
        first = NOW - NOW % span - 20 * span
        bars = prices.bars(asset, [first + span * place for place in range(21)], span, NOW)
        for bar in bars:
            assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
            assert bar.volume > 0
        for before, after in pairwise(bars):
            assert before.close == pytest.approx(after.open, rel=1e-12)
        assert bars[-1].close == pytest.approx(prices.price(asset, NOW), rel=1e-12)


def test_majors_move_as_real_ones(world: World) -> None:
    """Majors move 1.5 to 3 basis points per square root of a second, over a second as over a minute."""
    for name in ("bitcoin", "ethereum", "solana"):
        asset = world.prices.by_id[name]
        for step in (1.0, 60.0):
            logs = [math.log(world.prices.price(asset, NOW - 86_400 * 9 - step * back)) for back in range(1500)]
            moves = [left - right for left, right in pairwise(logs)]
            volatility = statistics.pstdev(moves) / math.sqrt(step) * 1e4
            assert 1.3 < volatility < 3.3


def test_assets_move_together(world: World) -> None:
    """Bitcoin and ether are correlated, as the market moves both."""
    logs = {
        name: [math.log(world.prices.price(world.prices.by_id[name], NOW - 300 * back)) for back in range(1500)]
        for name in ("bitcoin", "ethereum")
    }
    moves = [[left - right for left, right in pairwise(row)] for row in logs.values()]
    assert 0.4 < statistics.correlation(*moves) < 0.95


def test_pegs_hold(world: World) -> None:
    """A stablecoin stays within half a percent of a dollar, a wrapped asset with what it wraps."""
    prices = world.prices
    for day in range(0, 700, 7):
        time = NOW - day * 86_400
        for name in ("tether", "usd-coin", "dai"):
            assert prices.price(prices.by_id[name], time) == pytest.approx(1, abs=0.006)
        wrapped = prices.price(prices.by_id["wrapped-bitcoin"], time) / prices.price(prices.by_id["bitcoin"], time)
        assert wrapped == pytest.approx(1, abs=0.01)


def test_paths_stay_bounded() -> None:
    """A path neither drifts away nor dies: over decades its spread is that of a month."""
    values = [path(12345, 86_400.0 * day) for day in range(0, 15_000, 37)]
    assert 800 < statistics.pstdev(values) < 2000


def test_day_figures_hold_each_other(world: World) -> None:
    """The day's high and low hold its first and last price, for every asset."""
    for asset in world.prices.assets:
        day = world.prices.day(asset, NOW)
        assert day.low <= min(day.open, day.last) <= max(day.open, day.last) <= day.high
        assert day.volume_usd > 0


def test_enough_assets(world: World) -> None:
    """The world has at least sixty assets, stablecoins among them, each with ids of several sources."""
    assert len(world.prices.assets) >= 60
    assert sum(asset.follows == "USD" for asset in world.prices.assets) >= 5
    assert sum(len(asset.source_ids) >= 4 for asset in world.prices.assets) >= 60


@pytest.mark.parametrize("chain", ["ethereum", "polygon"])
def test_base_fee_follows_the_rule(world: World, chain: str) -> None:
    """A base fee moves by at most an eighth, and by what EIP-1559 makes of the gas that was used."""
    evm = world.evm[chain]
    head = evm.height(NOW)
    for height in range(head - 300, head):
        block = evm.block(height)
        target = block.gas_limit // 2
        due = block.base_fee + block.base_fee * (block.gas_used - target) / target / 8
        assert evm.base_fee(height + 1) == pytest.approx(due, rel=1e-6)
        assert abs(evm.base_fee(height + 1) / block.base_fee - 1) <= 0.126


@pytest.mark.parametrize("chain", ["ethereum", "polygon", "bnb"])
def test_history_adds_up_to_the_balance(world: World, chain: str) -> None:
    """The effects of all transactions of an address are its balance, and each is found by its hash."""
    evm, held = world.evm[chain], 0
    history = evm.history(ETHEREUM_ADDRESS, NOW, 10_000)
    assert len(history) == evm.count(ETHEREUM_ADDRESS, NOW) > 10
    for row in history:
        held += row.value if row.recipient == ETHEREUM_ADDRESS else -row.value - row.fee
        assert evm.transaction(row.hash, NOW) == row
    assert held == evm.balance(ETHEREUM_ADDRESS, NOW)
    assert [row.height for row in history] == sorted((row.height for row in history), reverse=True)


def test_blocks_are_found_by_their_hash(world: World) -> None:
    """Blocks hang together by hashes and are found by them; a made-up hash is none."""
    for evm in world.evm.values():
        head = evm.block(evm.height(NOW))
        assert evm.height_of(head.hash) == head.height
        assert evm.height_of(head.parent) == head.height - 1
        assert evm.height_of("0x" + "ab" * 32) is None
        assert evm.transaction("0x" + "ab" * 32, NOW) is None
        assert 0 <= NOW - head.time < evm.terms.span_s + 1
    chain = world.bitcoin
    head = chain.height(NOW)
    assert chain.height_of(chain.block_hash(head)) == head
    assert chain.height_of("00" * 32) is None
    assert all(chain.time(head - back) > chain.time(head - back - 1) for back in range(200))


def test_whales_swim(world: World) -> None:
    """Among a few hundred blocks there are transfers of more than a million dollars."""
    evm = world.evm["ethereum"]
    head = evm.height(NOW)
    values = [row.value for height in range(head - 20, head) for row in evm.transactions(height)]
    assert max(values) / 1e18 * world.prices.by_id["ethereum"].anchor.price > 1_000_000


def test_news_is_shared(world: World) -> None:
    """A story of the agencies stands in several feeds, one feed's own in it alone."""
    feeds = [world.news.carried(f"feed{place}", place, NOW, 40) for place in range(14)]
    carriers: dict[int, int] = {}
    for feed in feeds:
        assert len(feed) == 40
        assert all(time <= NOW for _, time in feed)
        for story, _ in feed:
            carriers[story.slot] = carriers.get(story.slot, 0) + 1
    assert max(carriers.values()) >= 4
    alone = {story.slot for feed in feeds for story, _ in feed if story.author_place is not None}
    assert alone
    assert all(carriers[slot] == 1 for slot in alone)
