"""The registry of canonical assets and chains; used by providers, services and whatever names an asset."""

from server.assets.registry import Registry, registry

__all__ = ["Registry", "registry"]
