"""Creates, changes and removes categories. A torrent's record refers to its category by the category's key."""

import time
from typing import Final

import msgspec

from protocol.wire.commands.category_commands import PutCategory, RemoveCategory
from protocol.wire.desired import CATEGORIES_MAX, Category
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.results import CategoryList, CategoryRemoved, CategoryReport
from protocol.wire.session.desired_session import DesiredSession
from supervisor.commands.acceptance import SESSION, Acceptance
from supervisor.commands.handlers import handles
from supervisor.commands.roots.confining import Confiner
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.store.catalogue import Catalogue

IN_FORCE: Final = 0
"""The revision of changes that do not affect libtorrent. This revision is already confirmed."""


def find(catalogue: Catalogue, name: str) -> Category:
    """Returns the category that `args.category` names.

    Raises OuzelError: UNKNOWN_CATEGORY, STORAGE_UNAVAILABLE.
    """
    catalogue.check_readable(None)
    category = catalogue.session.categories.get(name)
    if category is None:
        raise _unknown(name, "args.category")
    return category


def listed(session: DesiredSession) -> CategoryList:
    """Returns the result of `list_categories`."""
    found = sorted(session.categories.items())
    return CategoryList(
        categories=[CategoryReport(name=name, save_path=category.save_path) for name, category in found]
    )


class CategoryEditor:
    """Makes clients' changes of categories durable.

    Args:
        locks: locks of torrents, by id, and of the session.
    """

    def __init__(self, *, catalogue: Catalogue, roots: DownloadRoots, locks: KeyedLocks) -> None:
        self._catalogue = catalogue
        self._confiner = Confiner(roots)
        self._locks = locks

    @handles(PutCategory)
    async def put(self, command: PutCategory, deadline: float) -> Acceptance:
        """Creates a category, or changes its save path."""
        path = command.save_path
        if path is not None:
            path = await self._confiner.confined(path, "args.save_path", deadline)
        async with self._locks.hold(SESSION):
            session = await self._session()
            known = session.categories.get(command.name)
            if known is None and len(session.categories) >= CATEGORIES_MAX:
                problem = f"args.name: there are {CATEGORIES_MAX} categories already, and no more can be"
                raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field="args.name")
            after = Category(key=_new_key(command.name) if known is None else known.key, save_path=path)
            if after != known:
                await self._put(session, session.categories | {command.name: after})
        return Acceptance(CategoryReport(name=command.name, save_path=path), SESSION, IN_FORCE)

    @handles(RemoveCategory)
    async def remove(self, command: RemoveCategory, _: float) -> Acceptance:
        """Removes a category. Torrents' records keep the key of the removed category."""
        async with self._locks.hold(SESSION):
            session = await self._session()
            if command.name not in session.categories:
                raise _unknown(command.name, "args.name")
            kept = {name: category for name, category in session.categories.items() if name != command.name}
            await self._put(session, kept)
        return Acceptance(CategoryRemoved(name=command.name), SESSION, IN_FORCE)

    async def _session(self) -> DesiredSession:
        self._catalogue.check_readable(None)
        await self._catalogue.ensure_settled(None)
        return self._catalogue.session

    async def _put(self, session: DesiredSession, categories: dict[str, Category]) -> None:
        await self._catalogue.put_session(msgspec.structs.replace(session, categories=categories))


def _new_key(name: str) -> str:
    """Returns a key that no earlier category has had, even if `session.json` was lost."""
    return f"{name}/{time.time_ns() // 1000}"


def _unknown(name: str, field: str) -> OuzelError:
    problem = f"{field}: there is no category {name!r}; `put_category` creates one"
    return OuzelError(ErrorKind.UNKNOWN_CATEGORY, problem, field=field)
