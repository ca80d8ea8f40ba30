"""The states of a torrent, from what is asked for to what libtorrent has confirmed, as one literal table. Pure.

A torrent that is `ABSENT` may wait for something (its storage, its file, another torrent); who keeps it has a list of
those. A removal goes through states of its own, since nothing that is asked for meanwhile is done before it ends.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class State(Enum):
    """Where a torrent is."""

    __hash__ = object.__hash__  # members are singletons; Enum's own is a call in Python, several times a step

    ABSENT = "absent"
    """Neither in the session nor on its way there."""
    LOADING = "loading"
    """On its way into the session; the loader knows how far."""
    UNDECIDED = "undecided"
    """On its way, and it takes a while to find out which of its files are wanted."""
    LOADED = "loaded"
    """In the session."""
    VERIFYING = "verifying"
    """In the session, paused and hashed again, since another torrent writes to its files."""
    OVERWRITTEN = "overwritten"
    """In the session, found to have lost something to another torrent; expelled once its resume data says so."""
    RELOADING = "reloading"
    """Being taken out, to be loaded anew."""
    EXPELLING = "expelling"
    """Being taken out, to stay out with an error."""
    LOADING_TO_REMOVE = "loading_to_remove"
    """On its way, to be removed once it is there: only what is in the session can have its files deleted."""
    RELOADING_TO_REMOVE = "reloading_to_remove"
    """Being taken out; once it is, its removal begins."""
    CONFINING = "confining"
    """To be removed; whether its files are in bounds is asked first."""
    REMOVING = "removing"
    """Being removed."""
    CLEANING_UP = "cleaning_up"
    """Gone from the session; its files are looked for, and then its resume data is deleted."""


class Input(Enum):
    """What happens to a torrent."""

    __hash__ = object.__hash__  # as above

    LOAD = "load"
    """It is put on its way."""
    AWAIT_RULES = "await_rules"
    """It takes a while to find out which files are wanted."""
    RULES_KNOWN = "rules_known"
    """That is known."""
    ADDED = "added"
    """The session has taken it."""
    DROP = "drop"
    """It did not come, or the session has lost it."""
    VERIFY = "verify"
    """Another torrent writes to its files."""
    INTACT = "intact"
    """It was hashed again, and nothing is lost."""
    SPOILED = "spoiled"
    """It was hashed again, and something is lost."""
    UNLOAD = "unload"
    """It is to be loaded anew."""
    EXPEL = "expel"
    """Something is wrong with it."""
    GONE = "gone"
    """The session has let go of it."""
    DEFER_REMOVAL = "defer_removal"
    """It is to be removed, once it has come, or has left."""
    LOAD_TO_REMOVE = "load_to_remove"
    """It is put on its way to have its files deleted."""
    RELOAD_TO_REMOVE = "reload_to_remove"
    """It is taken out, to be loaded with the names that its files have to have before they are deleted."""
    CONFINE = "confine"
    """Its files are to be deleted, and may lead out of the download roots."""
    REMOVE = "remove"
    """It is taken out of the session for good."""
    NOTHING_LOADED = "nothing_loaded"
    """It is to be removed, and is not in the session."""
    DELETED = "deleted"
    """Its resume data is gone, or could not be deleted."""


IN_PLACE: Final = frozenset({State.LOADED, State.VERIFYING, State.OVERWRITTEN})
"""In the session, and to stay there for now."""
ON_ITS_WAY: Final = frozenset({State.LOADING, State.UNDECIDED, State.LOADING_TO_REMOVE})
READY: Final = IN_PLACE | {State.ABSENT}
"""What is asked for can be done; in the other states it has to wait."""
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
"""The session is about to let go of it; what fails then is tried again."""

TRANSITIONS: Final[Mapping[State, Mapping[Input, State]]] = {
    State.ABSENT: {
        Input.LOAD: State.LOADING,
        Input.DROP: State.ABSENT,
        Input.LOAD_TO_REMOVE: State.LOADING_TO_REMOVE,
        Input.NOTHING_LOADED: State.CLEANING_UP,
        # One that the session has taken after nobody waited for it any more.
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
"""What is not here cannot happen. A torrent that is being taken out may be asked to leave again, where that failed."""


class IllegalTransition(Exception):
    """Something happened to a torrent that cannot happen in its state: a defect."""


def step(state: State, happened: Input) -> State:
    """The next state. Raises IllegalTransition."""
    try:
        return TRANSITIONS[state][happened]
    except KeyError:
        raise IllegalTransition(f"{happened.value} in state {state.value}") from None
