"""The world's true values, for the control API: what every source's answer can be judged by."""

from __future__ import annotations

from collections.abc import Mapping

from server.simulator.addresses import bitcoin_script
from server.simulator.faults import Refused
from server.simulator.world import World


def asset_truth(world: World, name: str, query: Mapping[str, str], now: float) -> dict[str, object]:
    """Return an asset's true price and day; `time` in the query asks for another moment."""
    prices = world.prices
    wanted = name.lower()
    asset = prices.by_id.get(wanted) or next((row for row in prices.assets if row.symbol.lower() == wanted), None)
    if asset is None:
        raise Refused(404, f"no asset {name!r}; there are {', '.join(prices.by_id)}")
    moment = _time(query, now)
    day = prices.day(asset, moment)
    return {
        "asset": asset.id,
        "symbol": asset.symbol,
        "time": moment,
        "quote": "USD",
        "price": day.last,
        "day": {"open": day.open, "high": day.high, "low": day.low, "volume_usd": day.volume_usd},
        "market_cap": prices.market_cap(asset, moment),
        "volatility": prices.volatility(asset),
    }


def chain_truth(world: World, name: str, query: Mapping[str, str], now: float) -> dict[str, object]:
    """Return a chain's true head and fees; an `address` in the query adds its balance in the smallest unit."""
    moment = _time(query, now)
    if name == "bitcoin":
        return _bitcoin_truth(world, query, moment)
    chain = world.evm.get(name)
    if chain is None:
        raise Refused(404, f"no chain {name!r}; there are bitcoin, {', '.join(world.evm)}")
    head = chain.block(chain.height(moment))
    slow, standard, fast = chain.tips(head.height)
    truth: dict[str, object] = {
        "chain": name,
        "time": moment,
        "height": head.height,
        "hash": head.hash,
        "block_time": head.time,
        "base_fee_wei": head.base_fee,
        "next_base_fee_wei": chain.base_fee(head.height + 1),
        "tips_wei": {"slow": slow, "standard": standard, "fast": fast},
    }
    if address := query.get("address"):
        try:
            bytes.fromhex(address.removeprefix("0x"))
        except ValueError:
            raise Refused(400, "address is no hexadecimal address") from None
        truth |= {"address": address, "balance": str(chain.balance(address, moment))}
        truth["transactions"] = chain.count(address, moment)
    return truth


def _bitcoin_truth(world: World, query: Mapping[str, str], moment: float) -> dict[str, object]:
    chain = world.bitcoin
    head = chain.block(chain.height(moment))
    truth: dict[str, object] = {
        "chain": "bitcoin",
        "time": moment,
        "height": head.height,
        "hash": head.hash,
        "block_time": head.time,
        "fee_rate": chain.fee_rate(moment),
        "waiting": chain.waiting(moment),
        "difficulty": head.difficulty,
    }
    if address := query.get("address"):
        script = bitcoin_script(address)
        if script is None:
            raise Refused(400, "address is no Bitcoin address")
        count = chain.ledger.count(script.program, moment)
        truth |= {"address": address, "balance": str(chain.ledger.balance(script.program, count - 1))}
        truth["transactions"] = count
    return truth


def _time(query: Mapping[str, str], now: float) -> float:
    try:
        return float(query.get("time", now))
    except ValueError:
        raise Refused(400, "time must be Unix seconds") from None
