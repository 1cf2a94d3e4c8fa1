"""Holds the asynchronous client, from which scripts/unasync makes the synchronous one."""
