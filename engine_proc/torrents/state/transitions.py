"""The states of a torrent in the engine, and their transitions as one literal table. Pure.

An `ABSENT` torrent may wait for its storage, its stored data or another torrent. `Absences` and the storage guard have
lists of such torrents. A removal has separate states, because commands have to wait for its end.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class State(Enum):
    """The state of a torrent."""

    __hash__ = object.__hash__  # members are singletons; Enum's __hash__ is a Python call, several times per step

    ABSENT = "absent"
    """Not in the session, and not being loaded."""
    LOADING = "loading"
    """Being loaded. The loader has the step."""
    UNDECIDED = "undecided"
    """Being loaded, while its selection is being evaluated."""
    LOADED = "loaded"
    """In the session."""
    VERIFYING = "verifying"
    """In the session, paused, and being hashed again, because another torrent writes to its files."""
    OVERWRITTEN = "overwritten"
    """In the session, but another torrent has overwritten some data. Next, it is expelled."""
    RELOADING = "reloading"
    """Being unloaded, in order to be loaded again."""
    EXPELLING = "expelling"
    """Being unloaded because of an error."""
    LOADING_TO_REMOVE = "loading_to_remove"
    """Being loaded in order to be removed. libtorrent can delete only the files of a torrent in the session."""
    RELOADING_TO_REMOVE = "reloading_to_remove"
    """Being unloaded. Its removal begins afterwards."""
    CONFINING = "confining"
    """Waiting for the check of its paths before the removal."""
    REMOVING = "removing"
    """Being removed."""
    CLEANING_UP = "cleaning_up"
    """Removed from the session. The disk is checked for leftovers. Then the resume data is deleted."""


class Input(Enum):
    """The events that change a torrent's state."""

    __hash__ = object.__hash__  # for the same reason as in `State`

    LOAD = "load"
    """Loading begins."""
    AWAIT_RULES = "await_rules"
    """The evaluation of the torrent's selection takes a while."""
    RULES_KNOWN = "rules_known"
    """The torrent's selection has been evaluated."""
    ADDED = "added"
    """The session has added the torrent."""
    DROP = "drop"
    """Loading failed, or the session has lost the torrent."""
    VERIFY = "verify"
    """Another torrent writes to the torrent's files."""
    INTACT = "intact"
    """The torrent was hashed again, and has the same pieces as before."""
    SPOILED = "spoiled"
    """The torrent was hashed again, and has lost pieces."""
    UNLOAD = "unload"
    """The torrent has to be unloaded and loaded again."""
    EXPEL = "expel"
    """The torrent has to be unloaded because of an error."""
    GONE = "gone"
    """The session has removed the torrent."""
    DEFER_REMOVAL = "defer_removal"
    """The torrent has to be removed after the current load or unload."""
    LOAD_TO_REMOVE = "load_to_remove"
    """The torrent is loaded in order to delete its files."""
    RELOAD_TO_REMOVE = "reload_to_remove"
    """The torrent is unloaded in order to load it with new names for the files that must be kept."""
    CONFINE = "confine"
    """The torrent's paths have to be checked before its files are deleted."""
    REMOVE = "remove"
    """The torrent is removed from the session."""
    NOTHING_LOADED = "nothing_loaded"
    """The torrent has to be removed, and is not in the session."""
    DELETED = "deleted"
    """The deletion of its resume data has succeeded or failed."""


IN_PLACE: Final = frozenset({State.LOADED, State.VERIFYING, State.OVERWRITTEN})
"""The states of a torrent that is in the session, and is not being unloaded."""
ON_ITS_WAY: Final = frozenset({State.LOADING, State.UNDECIDED, State.LOADING_TO_REMOVE})
READY: Final = IN_PLACE | {State.ABSENT}
"""The states in which commands can be executed. In other states commands have to wait."""
UNLOADABLE: Final = IN_PLACE | {State.LOADING, State.RELOADING, State.EXPELLING}
BEING_REMOVED: Final = frozenset(
    {
        State.LOADING_TO_REMOVE,
        State.RELOADING_TO_REMOVE,
        State.CONFINING,
        State.REMOVING,
        State.CLEANING_UP,
    }
)
LEAVING: Final = (BEING_REMOVED | {State.RELOADING, State.EXPELLING}) - {State.CLEANING_UP}
"""The states in which the session is removing a torrent. A failed removal is retried."""

TRANSITIONS: Final[Mapping[State, Mapping[Input, State]]] = {
    State.ABSENT: {
        Input.LOAD: State.LOADING,
        Input.DROP: State.ABSENT,
        Input.LOAD_TO_REMOVE: State.LOADING_TO_REMOVE,
        Input.NOTHING_LOADED: State.CLEANING_UP,
        # The session has added the torrent after the engine had given up the addition.
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.LOADING: {
        Input.AWAIT_RULES: State.UNDECIDED,
        Input.ADDED: State.LOADED,
        Input.DROP: State.ABSENT,
        Input.UNLOAD: State.RELOADING,
        Input.EXPEL: State.EXPELLING,
        Input.DEFER_REMOVAL: State.LOADING_TO_REMOVE,
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.UNDECIDED: {
        Input.RULES_KNOWN: State.LOADING,
        Input.DROP: State.ABSENT,
    },
    State.LOADED: {
        Input.DROP: State.ABSENT,
        Input.VERIFY: State.VERIFYING,
        Input.UNLOAD: State.RELOADING,
        Input.EXPEL: State.EXPELLING,
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.VERIFYING: {
        Input.DROP: State.ABSENT,
        Input.INTACT: State.LOADED,
        Input.SPOILED: State.OVERWRITTEN,
        Input.UNLOAD: State.RELOADING,
        Input.EXPEL: State.EXPELLING,
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.OVERWRITTEN: {
        Input.DROP: State.ABSENT,
        Input.UNLOAD: State.RELOADING,
        Input.EXPEL: State.EXPELLING,
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.RELOADING: {
        Input.UNLOAD: State.RELOADING,
        Input.EXPEL: State.EXPELLING,
        Input.GONE: State.ABSENT,
        Input.DEFER_REMOVAL: State.RELOADING_TO_REMOVE,
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.EXPELLING: {
        Input.UNLOAD: State.EXPELLING,
        Input.EXPEL: State.EXPELLING,
        Input.GONE: State.ABSENT,
        Input.DEFER_REMOVAL: State.RELOADING_TO_REMOVE,
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.LOADING_TO_REMOVE: {
        Input.DROP: State.ABSENT,
        Input.GONE: State.CLEANING_UP,
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.RELOADING_TO_REMOVE: {
        Input.GONE: State.ABSENT,
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.CONFINING: {
        Input.GONE: State.CLEANING_UP,
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.REMOVING: {
        Input.GONE: State.CLEANING_UP,
        Input.RELOAD_TO_REMOVE: State.RELOADING_TO_REMOVE,
        Input.CONFINE: State.CONFINING,
        Input.REMOVE: State.REMOVING,
    },
    State.CLEANING_UP: {
        Input.DELETED: State.ABSENT,
    },
}
"""All legal transitions. A failed unload is repeated, so its input is legal again in the new state."""


class IllegalTransition(Exception):
    """An input is illegal in the state of a torrent. This is a defect."""


def step(state: State, happened: Input) -> State:
    """The next state. Raises IllegalTransition."""
    try:
        return TRANSITIONS[state][happened]
    except KeyError:
        raise IllegalTransition(f"{happened.value} in state {state.value}") from None
