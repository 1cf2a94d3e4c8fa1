"""Nerkh measured beside its peers, in one run on one machine; `scripts/bench` starts it."""
