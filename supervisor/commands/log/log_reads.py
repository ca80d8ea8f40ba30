"""Reads of the log: its recent lines and its levels."""

from protocol.wire.commands.service.log_commands import GetLog, GetLogLevels
from protocol.wire.log.log_results import LogLevels
from supervisor.commands.handlers import handles
from supervisor.commands.reads.reads import Steps
from supervisor.log.log_form import Form


class LogReads:
    """Answers reads of the log.

    Args:
        form: the form of the log. It has the recent lines and the levels.
    """

    def __init__(self, form: Form) -> None:
        self._form = form

    @handles(GetLog)
    def _lines(self, command: GetLog) -> Steps:
        return self._form.ring.page(command)

    @handles(GetLogLevels)
    def _levels(self, _: GetLogLevels) -> LogLevels:
        return self._form.levels.report()
