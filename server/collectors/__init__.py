"""Schedules that ask the engine without a caller, so that there is history; `app` starts and stops them."""

from server.collectors.jobs import usual_schedules
from server.collectors.schedule import Collectors, Schedule

__all__ = ["Collectors", "Schedule", "usual_schedules"]
