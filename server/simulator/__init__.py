"""A stand-in on loopback for the outside world: real wire formats over one seeded world, with faults to order.

`run` serves it until it is stopped; `Simulator` is the same for a test that starts it in its own loop.
"""

from server.simulator.run import DEFAULT_SEED, run
from server.simulator.service import Simulator
from server.simulator.sources import StandIn, stand_ins

__all__ = ["DEFAULT_SEED", "Simulator", "StandIn", "run", "stand_ins"]
