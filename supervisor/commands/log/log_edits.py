"""Changes the levels of the log at run time."""

from protocol.wire.commands.service.log_commands import UpdateLogLevels
from supervisor.commands.acceptance import SESSION, Acceptance
from supervisor.commands.handlers import handles
from supervisor.engine.engine import Engine
from supervisor.log import logs
from supervisor.log.log_form import Form
from supervisor.store.catalogue import Catalogue


class LogEdits:
    """Changes the levels of the log's components. The changes last until the daemon's next start.

    Args:
        form: the form of the log, which has the levels.
    """

    def __init__(self, form: Form, *, engine: Engine, catalogue: Catalogue, log: logs.Logger) -> None:
        self._form = form
        self._engine = engine
        self._catalogue = catalogue
        self._log = log

    @handles(UpdateLogLevels)
    async def update_log_levels(self, command: UpdateLogLevels, _: float) -> Acceptance:
        """Sets levels. The engine begins or ends to report libtorrent's log."""
        self._form.levels.update(command.levels)
        levels = self._form.levels.report()
        self._log.info("log_levels_changed", levels={name: each.level for name, each in levels.levels.items()})
        self._engine.configure()
        return Acceptance(levels, SESSION, self._catalogue.session.revision)
