"""Holds the operators' contract."""
