"""The table of supported features: each test records its cells, and the run prints it, also with pytest-xdist."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

import pytest

from protocol.wire.operations import OPERATIONS
from tests.clients.languages import LANGUAGES, chosen, why_not

PROPERTY: Final = "client"
OTHER_ROWS: Final = (
    "errors",
    "repeated under one id",
    "codec",
    "codec, lengths",
    "add",
    "add, its answer lost",
    "list, many pages",
    "exit codes",
    "watch, engine killed",
    "watch, events lost",
    "watch, supervisor restarted",
    "watch, replay gone",
    "watch, refused",
    "watch, no answer",
    "watch, told to end",
    "over tcp, with CURVE",
)
ROWS: Final = (*OPERATIONS, *OTHER_ROWS)


class Matrix:
    """One test's part of the table. Failures in cells are raised at the end of the `with`, so that all cells are tried.

    Args:
        record: pytest's `record_property`: what it is given travels with the test's report.
    """

    def __init__(self, record: Callable[[str, object], None]) -> None:
        self._record = record
        self._failures: list[Exception] = []
        self._lock = threading.Lock()
        self.languages: list[str] = []

    def __enter__(self) -> Self:
        for language in chosen():
            why = why_not(language)
            if why is None:
                self.languages.append(language)
            else:
                self._record(PROPERTY, {"client": language, "why_not": why})
        if not self.languages:
            pytest.skip("no client can be run here")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._failures:
            raise ExceptionGroup("clients that fail", self._failures) from error

    @contextmanager
    def cell(self, row: str, language: str) -> Iterator[None]:
        """Records whether the body succeeds."""
        assert row in ROWS
        verdict = "FAILED"
        try:
            yield
            verdict = "ok"
        except Exception as error:  # noqa: BLE001  # raised at the end, with the others
            error.add_note(f"{row}, {language}")
            with self._lock:
                self._failures.append(error)
        finally:
            with self._lock:
                self._record(PROPERTY, {"client": language, "row": row, "verdict": verdict})

    def each(self, work: Callable[[str], None]) -> None:
        """Does something with all clients in parallel."""
        with ThreadPoolExecutor(len(self.languages)) as pool:
            for outcome in [pool.submit(work, language) for language in self.languages]:
                error = outcome.exception()
                if isinstance(error, Exception):
                    self._failures.append(error)
                elif error is not None:
                    raise error


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table if a test of the clients has run."""
    notes = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", [])
        if name == PROPERTY
    ]
    if notes:
        terminalreporter.section("clients: what works where")
        for line in table(notes):
            terminalreporter.write_line(line)


def table(notes: list[dict[str, Any]]) -> list[str]:
    """Returns the lines of the table: one row for each op, one column for each client; `-` means not tried."""
    verdicts: dict[tuple[str, str], str] = {}
    reasons: dict[str, str] = {}
    for note in notes:
        if "why_not" in note:
            reasons[note["client"]] = note["why_not"]
        elif verdicts.get((note["row"], note["client"])) != "FAILED":
            verdicts[note["row"], note["client"]] = note["verdict"]
    tried = {client for _, client in verdicts} | reasons.keys()
    columns = [language for language in LANGUAGES if language in tried]
    rows = [row for row in ROWS if any((row, client) in verdicts for client in columns)]
    lines = [f"{'':<28}" + "".join(f"{client:<9}" for client in columns)]
    for row in rows:
        cells = [verdicts.get((row, client), "NOT RUN" if client in reasons else "-") for client in columns]
        lines.append((f"{row:<28}" + "".join(f"{cell:<9}" for cell in cells)).rstrip())
    return [*lines, *(f"{client}: {why}" for client, why in sorted(reasons.items()))]
