"""Holds every value that the clients return: frozen dataclasses with `Decimal`, aware `datetime` and `timedelta`."""
