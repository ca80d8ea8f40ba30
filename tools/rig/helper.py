"""A helper process that answers questions: one JSON object per line in each direction.

The process writes a first line when it is ready. It ends when its stdin is closed, or when the process that started it
ends.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self


class Helper:
    """Runs `python -m MODULE ARGUMENTS…` within its context. It can be stopped by its `pid`.

    Args:
        prefix: a command that runs the given command, and has the same pid.

    Fields:
        greeting: the process's first answer.
    """

    def __init__(self, module: str, *arguments: str, prefix: Sequence[str] = ()) -> None:
        self._module = module
        # A new session, so that Ctrl-C does not reach the process. The process that started it ends it.
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-I", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.greeting = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        if self._process.poll() is None:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()

    def _ask(self, **question: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the process of {self._module} has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer
