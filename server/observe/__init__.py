"""Logs and metrics; any layer may call it, it imports nothing of Nerkh but the settings."""
