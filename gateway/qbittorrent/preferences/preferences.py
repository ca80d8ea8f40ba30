"""Reads and changes the preferences."""

import asyncio
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from gateway.context import Gateway
from gateway.daemon.daemon import Unavailable
from gateway.qbittorrent.preferences import table
from gateway.qbittorrent.preferences.row import Change, Value, View
from gateway.store.queueing import QUEUEING, queueing
from ouzel.client import calls
from ouzel.client.call import Call
from ouzel.errors import Refused
from ouzel.requests import result_of
from protocol.wire import codec
from protocol.wire.desired import SettingValue
from protocol.wire.envelope import Reply
from protocol.wire.errors import ErrorKind
from protocol.wire.reports import GlobalGoals, SettingReport, SettingsReport, StatsReport

STORED: Final = "qbittorrent.preferences"
"""The name of the stored preferences in the store."""
DEADLINE_MS: Final = 4_000
"""The time limit of a request to the daemon. After this time, the daemon's last answers are used."""
BATCH: Final = 500
"""The maximum number of torrents that are put into the queue, or taken out, in one batch."""

Settings = tuple[dict[str, SettingValue], SettingsReport]


class InvalidPreference(Exception):
    """A preference cannot have the given value."""


def known(gateway: Gateway, key: str) -> Value:
    """Returns a preference that is stored, configured or fixed. Sends no request to the daemon."""
    view = View(gateway.config, {}, gateway.store.get(STORED, {}), stats=gateway.mirror.stats)
    return table.ROWS[key].read(view)


class Preferences:
    """The preferences of a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._settings: Settings | None = None
        self._goals: GlobalGoals | None = None
        self._bans: tuple[str, ...] = ()
        self._stats: StatsReport | None = None

    async def read(self) -> dict[str, Value]:
        """Returns all preferences.

        If the daemon is away, uses its last answers. Raises Unavailable if there are none.
        """
        return table.values(await self._view())

    async def write(self, given: Mapping[str, Any]) -> None:
        """Sets preferences. Unknown keys are ignored.

        Raises:
            InvalidPreference: a value is wrong. No preference was changed.
            Unavailable: the daemon is away.
        """
        if self._gateway.mirror.away:
            raise Unavailable("Ouzel does not answer.")
        view = await self._view()
        try:
            change = table.change_of(given, view)
        except table.WrongType as problem:
            raise InvalidPreference(str(problem)) from problem
        self._check(change, view)
        try:
            await self._apply(change, view)
        except Refused as refusal:
            raise InvalidPreference(refusal.message) from refusal

    async def _view(self) -> View:
        """Asks the daemon. If the daemon is away, uses its last answers. Raises Unavailable if there are none."""
        known = self._settings is not None
        if not (self._gateway.mirror.away and known):
            try:
                await self._ask()
            except Unavailable:
                if not known:
                    raise
        assert self._settings is not None
        settings, limits = self._settings
        return View(
            config=self._gateway.config,
            settings=settings,
            stored=self._gateway.store.get(STORED, {}),
            queueing=queueing(self._gateway.store),
            bans=self._bans,
            limits=limits,
            goals=self._goals,
            stats=self._stats,
        )

    async def _ask(self) -> None:
        daemon = self._gateway.daemon
        settings, goals, bans, stats = await asyncio.gather(
            daemon.run(_get_settings(), deadline_ms=DEADLINE_MS),
            daemon.run(calls.get_goals(), deadline_ms=DEADLINE_MS),
            daemon.run(calls.list_bans(), deadline_ms=DEADLINE_MS),
            daemon.run(calls.stats(), deadline_ms=DEADLINE_MS),
        )
        self._settings, self._goals, self._bans, self._stats = settings, goals, tuple(bans), stats

    def _check(self, change: Change, view: View) -> None:
        path = change.stored.get("save_path")
        roots = [] if view.stats is None else [root.path for root in view.stats.roots]
        if path and not any(PurePosixPath(path).is_relative_to(root) for root in roots):
            raise InvalidPreference(f"save_path: {path!r} is not in the download roots")
        unknown = [name for name in change.settings if name not in view.settings]
        for name in unknown:  # this version of libtorrent does not have the setting
            del change.settings[name]

    async def _apply(self, change: Change, view: View) -> None:
        daemon = self._gateway.daemon
        if change.settings:
            await daemon.run(calls.update_settings(change.settings))
        if change.limits or change.alternative:
            limits = await daemon.run(calls.update_limits(**change.limits, **change.alternative))
            self._gateway.mirror.settings = limits
        if change.goals:
            await daemon.run(calls.update_goals(**change.goals))
            await daemon.refresh_rows()
        if change.bans is not None:
            await daemon.run_many([calls.ban_peer(each) for each in change.bans if each not in view.bans])
            await daemon.run_many([calls.unban_peer(each) for each in view.bans if each not in change.bans])
        if change.stored:
            await self._gateway.store.put(STORED, {**self._gateway.store.get(STORED, {}), **change.stored})
        if change.queueing is not None:
            await self._gateway.store.put(QUEUEING, change.queueing)
            await self._queue(change.queueing)

    async def _queue(self, managed: bool) -> None:
        """Puts all torrents into libtorrent's queue, or takes all out."""
        torrents = list(self._gateway.mirror.torrents)
        for start in range(0, len(torrents), BATCH):
            batch = torrents[start : start + BATCH]
            await self._gateway.daemon.run_many([calls.update_options(each, auto_managed=managed) for each in batch])
            await self._gateway.daemon.refresh(batch)


def _get_settings() -> Call[Settings]:
    """Returns a call that reads libtorrent's settings and the session's limits."""

    def read(reply: Reply) -> Settings:
        result = result_of(reply)
        reports = codec.convert(
            result["settings"],
            dict[str, SettingReport],
            within="result.settings",
            error=ErrorKind.MALFORMED_FRAME,
        )
        limits = codec.convert(
            result["limits"], SettingsReport, within="result.limits", error=ErrorKind.MALFORMED_FRAME
        )
        return {name: report.value for name, report in reports.items()}, limits

    return Call("get_settings", {}, read)
