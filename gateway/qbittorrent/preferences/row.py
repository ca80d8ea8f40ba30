"""The type of a preference: where its value is stored, and how it is changed. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.config.gateway_config import Config
from protocol.wire.desired import SettingValue
from protocol.wire.reports import GlobalGoals, SettingsReport, StatsReport

Value = Any
"""A value of a preference: a bool, a number, a text, or an object."""

UNLIMITED: Final = 2**31 - 1
"""The value of libtorrent's `connections_limit` that means no limit."""


@dataclass(frozen=True)
class View:
    """The data from which the preferences are read.

    Fields:
        config: the gateway's configuration.
        settings: libtorrent's settings by name. Unknown settings are missing.
        stored: the preferences in the store.
        bans: the banned addresses.
        limits, goals, stats: the daemon's latest reports; None before the first report.
        queueing: whether libtorrent's queue decides when torrents run.
    """

    config: Config
    settings: Mapping[str, SettingValue]
    stored: Mapping[str, Value]
    bans: tuple[str, ...] = ()
    limits: SettingsReport | None = None
    goals: GlobalGoals | None = None
    stats: StatsReport | None = None
    queueing: bool = False


@dataclass
class Change:
    """The changes that new values of preferences need.

    Fields:
        view: the state before the change.
        settings: new values of libtorrent's settings. None removes the value that a client has set.
        stored: new values of preferences in the store.
        limits, alternative, goals: the arguments of the calls that set limits, alternative limits and goals.
        bans: the whole new list of banned addresses. None means no change.
        queueing: whether libtorrent's queue decides when torrents run. None means no change.
    """

    view: View
    settings: dict[str, SettingValue | None] = field(default_factory=dict)
    stored: dict[str, Value] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    alternative: dict[str, Any] = field(default_factory=dict)
    goals: dict[str, Any] = field(default_factory=dict)
    bans: tuple[str, ...] | None = None
    queueing: bool | None = None


Read = Callable[[View], Value]
Write = Callable[[Mapping[str, Value], Change], None]
"""Adds a preference's new value to the change. The mapping has the wanted values of all preferences."""


@dataclass(frozen=True)
class Row:
    """One preference, and how it is read and changed.

    Fields:
        key: its name in the API.
        read: returns its value.
        write: adds a new value to a change. None if the preference cannot be changed.
    """

    key: str
    read: Read
    write: Write | None = None


def fixed(key: str, value: Value) -> Row:
    """A preference without effect in Ouzel."""
    return Row(key, lambda _: value)


def stored(key: str, default: Value) -> Row:
    """A preference in the store. Only clients or the gateway use it."""

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.stored[key] = wanted[key]

    return Row(key, lambda view: view.stored.get(key, default), write)


def configured(key: str, read: Callable[[Config], Value]) -> Row:
    """A preference that shows a key of the gateway's configuration. Clients cannot change it."""
    return Row(key, lambda view: read(view.config))


def setting(key: str, name: str, default: Value, *, unit: int = 1, also: str | None = None) -> Row:
    """A preference that is a setting of libtorrent.

    Args:
        key: the preference.
        name: the setting.
        default: the value if the setting is not known.
        unit: the factor from the preference to the setting, for example 1024 from KiB to bytes.
        also: another setting that gets the same value.
    """

    def read(view: View) -> Value:
        value = view.settings.get(name)
        return default if value is None else value // unit if unit > 1 and isinstance(value, int) else value

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        value = wanted[key] * unit if unit > 1 else wanted[key]
        change.settings |= {each: value for each in (name, also) if each is not None}

    return Row(key, read, write)


def inverse_unit(key: str, name: str, default: int, *, unit: int) -> Row:
    """A preference that is a setting of libtorrent in a larger unit. `unit` is the size of this unit."""

    def read(view: View) -> Value:
        value = view.settings.get(name)
        return value * unit if isinstance(value, int) else default

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.settings[name] = wanted[key] // unit

    return Row(key, read, write)


def choice(key: str, name: str, values: tuple[Any, ...], default: int) -> Row:
    """A preference with some choices. libtorrent's setting has the same choices, with other numbers.

    Args:
        key: the preference.
        name: the setting.
        values: the values of the setting. The preference is the index of a value.
        default: the preference if the setting is not known, or has a value that is not in `values`.
    """

    def read(view: View) -> Value:
        value = view.settings.get(name)
        return values.index(value) if value in values else default

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.settings[name] = values[wanted[key] if 0 <= wanted[key] < len(values) else default]

    return Row(key, read, write)


def switch(key: str, name: str) -> Row:
    """A preference that is on or off, for a setting of libtorrent that is 1 or 0."""

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.settings[name] = int(wanted[key])

    return Row(key, lambda view: view.settings.get(name) == 1, write)


def maximum(key: str, name: str, default: int, *, unlimited: int = -1) -> Row:
    """A preference that is a maximum. No limit is -1 in the preference, and `unlimited` in libtorrent's setting."""

    def read(view: View) -> Value:
        value = view.settings.get(name)
        if not isinstance(value, int):
            return default
        return value if 0 < value < UNLIMITED else -1

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.settings[name] = wanted[key] if wanted[key] > 0 else unlimited

    return Row(key, read, write)
