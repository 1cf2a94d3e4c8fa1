"""Holds the code generated from proto/nerkh/v1; the client and the server import it, users need not."""
