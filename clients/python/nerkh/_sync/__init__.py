"""Holds the synchronous client, which scripts/unasync makes from the asynchronous one."""
