"""The small process behind `nerkh up`: starts Postgres, the simulator, the service and Envoy, and keeps them up."""

from server.supervisor.run import up

__all__ = ["up"]
