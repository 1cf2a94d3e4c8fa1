"""The one simulated world: prices, chains, news and mood from one seed; wire formats see it through a `View`."""

from __future__ import annotations

from server.simulator.assets import SimulatedAsset
from server.simulator.bitcoin_chain import BitcoinChain
from server.simulator.evm_chain import EVM_TERMS, EvmChain
from server.simulator.mood import Mood
from server.simulator.news import News
from server.simulator.prices import Prices


class World:
    """Everything that is true in the simulation, at any time, as a function of the seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.prices = Prices(seed)
        self.mood = Mood(seed, self.prices)
        self.news = News(seed, self.prices)
        self.evm = {terms.id: EvmChain(seed, terms, self.prices.by_id) for terms in EVM_TERMS}
        self.bitcoin = BitcoinChain(seed, self.prices.by_id["bitcoin"].anchor.price)

    def trending(self, time: float) -> list[SimulatedAsset]:
        """Return the assets that draw most attention: those that moved most in a day, the larger a little ahead."""
        hour = time - time % 600

        def moved(asset: SimulatedAsset) -> float:
            change = self.prices.price(asset, hour) / self.prices.price(asset, hour - 86_400) - 1
            return abs(change) / (1 + asset.rank / 60)

        return sorted((asset for asset in self.prices.assets if not asset.follows), key=moved, reverse=True)
