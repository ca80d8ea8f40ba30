"""Runs the suite, and reports the outcomes by file."""

from collections import Counter
from pathlib import Path
from typing import Final

from tools.bench.report import Check, Report, tell
from tools.interop.webapi import left_out, targets
from tools.interop.webapi.suite import Outcome, Outcomes, Suite

NAME: Final = "qbittorrent-api"


def run(root: Path, suite: Suite, *, both: bool) -> Report:
    """Runs the suite against the gateway and, with `both`, against qbittorrent-nox."""
    theirs: Outcomes | None = None
    if both:
        tell("the suite against qbittorrent-nox: six minutes")
        with targets.qbittorrent(root / "qbittorrent", suite):
            theirs = suite.run(root / "qbittorrent.log")
    tell("the suite against the gateway: some minutes")
    with targets.gateway(root / "gateway", suite):
        ours = suite.run(root / "gateway.log")
    return report(ours, theirs)


def report(ours: Outcomes, theirs: Outcomes | None) -> Report:
    """Returns the report. Without `theirs` there is nothing to compare with."""
    columns = ["FILE", "PASSED", "FAILED", "SKIPPED"]
    if theirs is not None:
        columns += ["PASSED THERE", "FAILED THERE", "SKIPPED THERE"]
    rows = []
    for file in sorted({_file(test) for test in ours}):
        counts = [_counts(each, file) for each in (ours, theirs) if each is not None]
        rows.append((file, *(f"{count[outcome]}" for count in counts for outcome in Outcome)))
    failed = sorted(test for test, outcome in ours.items() if outcome is Outcome.FAILED)
    checks = [Check("tests that fail against the gateway", f"{len(failed)}", "0", not failed)]
    worse = [test for test in failed if theirs is not None and theirs.get(test) is Outcome.PASSED]
    if theirs is not None:
        passed = [sum(outcome is Outcome.PASSED for outcome in each.values()) for each in (ours, theirs)]
        checks.append(Check("of these, tests that pass against qbittorrent-nox", f"{len(worse)}", "0", not worse))
        checks.append(Check("tests that pass", f"{passed[0]}", f"{passed[1]}", passed[0] >= passed[1]))
    reasons = {**left_out.FILES, **left_out.TESTS}
    notes = [f"Left out: {test}, because it {reason}." for test, reason in reasons.items()]
    document = {
        "failed": failed,
        "worse": worse,
        "left_out": reasons,
        "outcomes": {test: outcome.value for test, outcome in ours.items()},
        "outcomes_there": None if theirs is None else {test: outcome.value for test, outcome in theirs.items()},
    }
    return Report(NAME, columns, rows, checks, [*(f"Failed: {test}" for test in failed), *notes], document)


def _file(test: str) -> str:
    return test.partition("::")[0]


def _counts(outcomes: Outcomes, file: str) -> Counter[Outcome]:
    return Counter(outcome for test, outcome in outcomes.items() if _file(test) == file)
