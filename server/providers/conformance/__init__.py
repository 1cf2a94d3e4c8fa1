"""Recorded answers of real sources run through the providers that they belong to: `scripts/conformance [DIR]`."""
