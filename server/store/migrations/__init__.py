"""The database's revisions; run at every start by `server/store/migrate.py`."""

HEAD = "0004"
"""The newest revision, so that a start which has nothing to do need not read them all."""
