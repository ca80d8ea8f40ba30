"""One preference: where its value is, and what setting it changes. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.config.gateway_config import Config
from protocol.wire.desired import SettingValue
from protocol.wire.reports import GlobalGoals, SettingsReport, StatsReport

Value = Any
"""A value of a preference: a bool, a number, a text, or an object."""

UNLIMITED: Final = 2**31 - 1
"""libtorrent's greatest number of connections, which means no limit."""


@dataclass(frozen=True)
class View:
    """What the preferences are read from.

    Fields:
        config: the gateway's configuration.
        settings: libtorrent's settings by name; those that are unknown are missing.
        stored: the preferences in the store.
        bans: the banned addresses.
        limits, goals, stats: the daemon's reports; None until the first.
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
    """What has to be changed.

    Fields:
        view: the state before the change.
        settings: libtorrent's settings; None takes the value of clients back.
        stored: preferences for the store.
        limits, alternative, goals: arguments of the calls that set them.
        bans: the whole new list of banned addresses; None for no change.
        queueing: whether libtorrent's queue decides when torrents run; None for no change.
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
"""Notes in the change what a preference needs. The mapping has the wanted values of all preferences."""


@dataclass(frozen=True)
class Row:
    """A preference.

    Fields:
        key: its name in the API.
        read: returns its value.
        write: notes a new value; None if the preference cannot be changed.
    """

    key: str
    read: Read
    write: Write | None = None


def fixed(key: str, value: Value) -> Row:
    """A preference without effect in Ouzel."""
    return Row(key, lambda _: value)


def stored(key: str, default: Value) -> Row:
    """A preference that only concerns clients or the gateway itself."""

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.stored[key] = wanted[key]

    return Row(key, lambda view: view.stored.get(key, default), write)


def configured(key: str, read: Callable[[Config], Value]) -> Row:
    """A key of the gateway's configuration, which clients cannot change."""
    return Row(key, lambda view: read(view.config))


def setting(key: str, name: str, default: Value, *, unit: int = 1, also: str | None = None) -> Row:
    """A setting of libtorrent.

    Args:
        key: the preference.
        name: the setting.
        default: the value as long as the setting is unknown.
        unit: the setting counts in this fraction of the preference's unit, such as bytes for KiB.
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
    """A setting of libtorrent that counts in a multiple of the preference's unit."""

    def read(view: View) -> Value:
        value = view.settings.get(name)
        return value * unit if isinstance(value, int) else default

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.settings[name] = wanted[key] // unit

    return Row(key, read, write)


def choice(key: str, name: str, values: tuple[Any, ...], default: int) -> Row:
    """A setting of libtorrent whose values have other numbers.

    Args:
        key: the preference.
        name: the setting.
        values: the setting's values; the preference is the index.
        default: the preference as long as the setting is unknown or has none of these values.
    """

    def read(view: View) -> Value:
        value = view.settings.get(name)
        return values.index(value) if value in values else default

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.settings[name] = values[wanted[key] if 0 <= wanted[key] < len(values) else default]

    return Row(key, read, write)


def switch(key: str, name: str) -> Row:
    """A setting of libtorrent that is 1 for on and 0 for off."""

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.settings[name] = int(wanted[key])

    return Row(key, lambda view: view.settings.get(name) == 1, write)


def maximum(key: str, name: str, default: int, *, unlimited: int = -1) -> Row:
    """A maximum in libtorrent's settings. The preference is -1 where the setting is `unlimited`."""

    def read(view: View) -> Value:
        value = view.settings.get(name)
        if not isinstance(value, int):
            return default
        return value if 0 < value < UNLIMITED else -1

    def write(wanted: Mapping[str, Value], change: Change) -> None:
        change.settings[name] = wanted[key] if wanted[key] > 0 else unlimited

    return Row(key, read, write)
