"""Holds the code generated from proto/nerkh/admin/v1; the client and the server import it, users need not."""
