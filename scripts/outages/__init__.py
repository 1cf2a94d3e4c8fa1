"""Outages on purpose, against the real processes, each with the limits it must meet; `scripts/chaos` starts them."""
