"""Creates, changes and removes bandwidth groups. A torrent's options refer to its group by the group's key."""

import time
from typing import Final

import msgspec

from protocol.wire.commands.group_commands import PutGroup, RemoveGroup
from protocol.wire.desired import GROUP_LIMIT_MIN, GROUPS_MAX, BandwidthGroup, TorrentOptions
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.session.desired_session import DesiredSession
from protocol.wire.session.group_results import GroupList, GroupRemoved, GroupReport
from supervisor.commands.acceptance import SESSION, Acceptance
from supervisor.commands.handlers import handles
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.engine.engine import Engine
from supervisor.store.catalogue import Catalogue

_LIMITS: Final = ("download_bps", "upload_bps")


def key_of(catalogue: Catalogue, name: str | None, field: str) -> str | None:
    """Returns the key of the group with this name. None stands for no group.

    Raises OuzelError: UNKNOWN_GROUP, STORAGE_UNAVAILABLE.
    """
    if name is None:
        return None
    catalogue.check_readable(None)
    group = catalogue.session.groups.get(name)
    if group is None:
        raise _unknown(name, field)
    return group.key


def to_store(catalogue: Catalogue, options: TorrentOptions) -> TorrentOptions:
    """Returns options with the key of the group instead of its name. Raises the errors of `key_of`."""
    if options.group is None:
        return options
    return msgspec.structs.replace(options, group=key_of(catalogue, options.group, "args.options.group"))


def listed(session: DesiredSession) -> GroupList:
    """Returns the result of `list_groups`."""
    return GroupList(groups=[_report(name, group) for name, group in sorted(session.groups.items())])


def limits_by_key(session: DesiredSession) -> dict[str, tuple[int, int]]:
    """Returns the download and the upload limit of each group, as engines get them."""
    return {group.key: (group.download_bps, group.upload_bps) for group in session.groups.values()}


class GroupEditor:
    """Makes clients' changes of bandwidth groups durable, and has the engine apply them.

    Args:
        locks: locks of torrents, by id, and of the session.
    """

    def __init__(self, *, catalogue: Catalogue, engine: Engine, locks: KeyedLocks) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._locks = locks

    @handles(PutGroup)
    async def put(self, command: PutGroup, _: float) -> Acceptance:
        """Creates a group, or changes its limits. A change without effect is accepted, and causes no write."""
        given = {name: value for name in _LIMITS if (value := getattr(command, name)) is not msgspec.UNSET}
        for name, value in given.items():
            if 0 < value < GROUP_LIMIT_MIN:
                problem = f"args.{name}: a limit of a group is at least {GROUP_LIMIT_MIN}, or 0 for no limit"
                raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=f"args.{name}")
        async with self._locks.hold(SESSION):
            session = await self._session()
            known = session.groups.get(command.name)
            if known is None and len(session.groups) >= GROUPS_MAX:
                problem = f"args.name: there are {GROUPS_MAX} groups already, and no more can be"
                raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field="args.name")
            after = msgspec.structs.replace(known or BandwidthGroup(key=_new_key(command.name)), **given)
            if after != known:
                await self._put(session, session.groups | {command.name: after})
            return Acceptance(_report(command.name, after), SESSION, self._catalogue.session.revision)

    @handles(RemoveGroup)
    async def remove(self, command: RemoveGroup, _: float) -> Acceptance:
        """Removes a group. Torrents' records keep the key of the removed group."""
        async with self._locks.hold(SESSION):
            session = await self._session()
            if command.name not in session.groups:
                raise _unknown(command.name, "args.name")
            await self._put(session, {name: group for name, group in session.groups.items() if name != command.name})
            return Acceptance(GroupRemoved(name=command.name), SESSION, self._catalogue.session.revision)

    async def _session(self) -> DesiredSession:
        self._catalogue.check_readable(None)
        await self._catalogue.ensure_settled(None)
        return self._catalogue.session

    async def _put(self, session: DesiredSession, groups: dict[str, BandwidthGroup]) -> None:
        await self._catalogue.put_session(
            msgspec.structs.replace(session, groups=groups, revision=session.revision + 1)
        )
        self._engine.configure()


def _report(name: str, group: BandwidthGroup) -> GroupReport:
    return GroupReport(name=name, download_bps=group.download_bps, upload_bps=group.upload_bps)


def _new_key(name: str) -> str:
    """Returns a key that no earlier group has had, even if `session.json` was lost."""
    return f"{name}/{time.time_ns() // 1000}"


def _unknown(name: str, field: str) -> OuzelError:
    problem = f"{field}: there is no bandwidth group {name!r}; `put_group` creates one"
    return OuzelError(ErrorKind.UNKNOWN_GROUP, problem, field=field)
