"""Nerkh's server: a gRPC service that answers from several hundred free public crypto data sources."""
