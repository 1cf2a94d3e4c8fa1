"""The engine in virtual time over hundreds of faulty sources, from seeds; `scripts/seeds` and the suite run it."""
