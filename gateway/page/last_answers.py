"""Stores the last answers about torrents. They are used while the engine is away."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final

from gateway.daemon.daemon import Unavailable

KEPT: Final = 100
"""The maximum number of answers that are kept."""
MAX_LENGTH: Final = 2_000
"""The maximum length of a list that is kept."""


class LastAnswers:
    """The latest answers by name."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, list[Any]] = OrderedDict()

    async def of(self, name: str, ask: Callable[[], Awaitable[list[Any]]]) -> tuple[list[Any], bool]:
        """Asks the daemon. If the daemon is away, uses the last answer. Also returns whether the answer is new.

        Raises:
            Unavailable: the daemon is away, and there is no last answer.
            Refused: the daemon refuses.
        """
        try:
            answer = await ask()
        except Unavailable:
            if name not in self._answers:
                raise
            return self._answers[name], False
        self._answers.pop(name, None)
        if len(answer) <= MAX_LENGTH:
            self._answers[name] = answer
            if len(self._answers) > KEPT:
                self._answers.popitem(last=False)
        return answer, True
