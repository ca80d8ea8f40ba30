"""Decides which configuration is in force while its file changes. Pure.

Some keys can change in a running service. All of their new values are applied at once, or none. The new values can be
rolled back until the engine has confirmed them. All other keys keep their value until the next start.
"""

from typing import Any, Final, NamedTuple

import msgspec

from supervisor.config.config import Config

LIVE: Final = frozenset(
    {
        "ip_filter.file",
        "goals.action",
        "goals.inactive_time_s",
        "goals.ratio",
        "goals.seeding_time_s",
        "limits.alternative",
        "hooks.post",
        "hooks.run",
        "limits.download_bps",
        "limits.schedule",
        "limits.upload_bps",
        "log.format",
        "log.level",
        "paths.download_roots",
        "restart.window_s",
        "restart.budget",
        "restart.max_delay_s",
        "watch.folders",
    }
)
"""Keys that can change while the service runs. All keys of `[engine]` can change, too."""


class Changes(NamedTuple):
    """The effect of a changed file.

    Fields:
        config: the file's configuration, with the running values of keys that cannot change.
        changed: the keys with a value that changes now.
        restart_needed: the keys with a new value that takes effect at the next start.
    """

    config: Config
    changed: list[str]
    restart_needed: list[str]


def compare(running: Config, wanted: Config) -> Changes:
    """Compares the running configuration with the file's configuration."""
    old, new = _by_key(running), _by_key(wanted)
    different = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
    changed = [key for key in different if _is_live(key)]
    restart_needed = [key for key in different if not _is_live(key)]
    sections: dict[str, Any] = msgspec.to_builtins(wanted)
    for key in restart_needed:
        section, name = key.split(".", 1)
        sections[section][name] = old[key]
    return Changes(msgspec.convert(sections, Config), changed, restart_needed)


class ConfigInForce:
    """The configuration in force.

    Fields:
        config: the values.
        number: the number of the configuration. The engine's verdict names this number.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.number = 0
        self._good: Config | None = None

    def apply(self, config: Config) -> None:
        """Puts a configuration into force. `roll_back` undoes this change."""
        self._good = self._good or self.config
        self._replace(config)

    def confirmed(self, number: int) -> None:
        """Notes that an engine has confirmed the settings of a configuration. `number` identifies the configuration."""
        if number == self.number:
            self._good = self.config

    def roll_back(self) -> bool:
        """Replaces a refused configuration by the last good configuration. Returns False if there is no good
        configuration.
        """
        if self._good is None or self._good is self.config:
            return False
        self._replace(self._good)
        return True

    def _replace(self, config: Config) -> None:
        self.config = config
        self.number += 1


def _by_key(config: Config) -> dict[str, Any]:
    sections: dict[str, dict[str, Any]] = msgspec.to_builtins(config)
    return {f"{section}.{name}": value for section, keys in sections.items() for name, value in keys.items()}


def _is_live(key: str) -> bool:
    return key.startswith("engine.") or key in LIVE
