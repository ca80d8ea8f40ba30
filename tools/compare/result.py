"""The result of a comparison, as a document for programs."""

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from tools.compare.metrics import Cell, Values, summarise


@dataclass(frozen=True)
class Failure:
    """A run that failed, or a work that a program cannot do."""

    program: str
    work: str
    problem: str


@dataclass
class Result:
    """All that was measured.

    Fields:
        command: the command line.
        date: the day of the run, in UTC.
        machine: facts about the machine.
        versions: the version of each program.
        missing: for each program that could not run, the reason.
        sizes: the sizes of the works.
        runs: the values of each run by program.
        failures: the runs that failed.
        took_s: the time of all runs.
    """

    command: str
    date: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    missing: Mapping[str, str]
    sizes: Mapping[str, float]
    runs: dict[str, list[Values]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def cells(self) -> dict[str, dict[str, Cell]]:
        """The medians and ratios by metric and program."""
        return summarise(self.runs)

    def document(self) -> dict[str, Any]:
        """The JSON document. It has all single values, and the medians and ratios."""
        cells = {key: {name: asdict(cell) for name, cell in row.items()} for key, row in self.cells.items()}
        return {"benchmark": "compare", **asdict(self), "medians": cells}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The result of a JSON document."""
        names = set(cls.__dataclass_fields__)
        values = {name: value for name, value in document.items() if name in names}
        return cls(**{**values, "failures": [Failure(**each) for each in document["failures"]]})


def machine() -> dict[str, Any]:
    """Facts about this machine. `load` is the load of the last minute before the run."""
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())  # fmt: skip
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": cpu,
        "cpus": os.cpu_count(),
        "memory_bytes": memory,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def today() -> str:
    """The date in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime())
