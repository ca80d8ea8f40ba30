"""The names of categories by their keys. Torrents' records have the keys. Pure."""

from collections.abc import Mapping

from protocol.wire.session.desired_session import DesiredSession


class CategoryNames:
    """The names of a session's categories.

    The names are computed once for each session record, because many rows need these names.
    """

    def __init__(self) -> None:
        self._session: DesiredSession | None = None
        self._names: Mapping[str, str] = {}

    def of(self, session: DesiredSession, key: str | None) -> str | None:
        """The name of the category with this key. None if there is no key, or if the category was removed."""
        if key is None:
            return None
        if session is not self._session:
            self._session = session
            self._names = {category.key: name for name, category in session.categories.items()}
        return self._names.get(key)
