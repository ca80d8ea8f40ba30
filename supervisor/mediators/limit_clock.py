"""The limit clock: applies the session's limits when the schedule switches them."""

from collections.abc import Callable, Sequence

from supervisor.config.limit_schedule import LimitsInForce
from supervisor.engine.engine import Engine
from supervisor.log import logs


class LimitClock:
    """Configures the engines when the schedule changes the limits in force.

    Args:
        limits: returns the limits that are in force now.
    """

    def __init__(self, *, engines: Sequence[Engine], limits: Callable[[], LimitsInForce], log: logs.Logger) -> None:
        self._engines = engines
        self._limits = limits
        self._log = log
        self._alternative = False

    def tick(self) -> None:
        """If the limits in force have changed since the last call, configures the engines."""
        limits = self._limits()
        if limits.alternative is self._alternative:
            return
        self._alternative = limits.alternative
        self._log.info("limits_switched", **limits._asdict())
        for engine in self._engines:
            engine.configure()
