"""Makes the problems of the IP filter for `health`. Pure."""

from collections.abc import Mapping

from protocol.internal.link_events import IpFilterState
from supervisor.health.health import Severity


def problems(file: str | None, state: IpFilterState) -> Mapping[str, tuple[str | None, Severity]]:
    """Returns, by subject, the problem or None, and the severity.

    The subjects are the rules of the file, and single lines.
    """
    rules = lines = None
    if state.problem is not None:
        kept = f"the {state.rules} rules that were read before stay in force" if state.rules else "no peer is filtered"
        rules = f"the IP filter {file} {state.problem}; {kept}: correct the file, which is then read again"
    elif state.bad_lines:
        lines = (
            f"{state.bad_lines} lines of the IP filter {file} are no rules, and are left out; the first is"
            f" {state.first_bad}: correct them, and the file is read again"
        )
    return {"rules": (rules, Severity.DEGRADING), "lines": (lines, Severity.NOTED)}
