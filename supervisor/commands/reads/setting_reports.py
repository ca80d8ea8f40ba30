"""Reports on settings of libtorrent. Pure.

A client's value comes first, then the configured value, then the default.
"""

from collections.abc import Iterable, Mapping

from protocol.internal.settings import shown
from protocol.wire.desired import SettingValue
from protocol.wire.reports import SettingReport, SettingSource


def setting_reports(
    *,
    client: Mapping[str, SettingValue],
    configured: Mapping[str, SettingValue],
    defaults: Mapping[str, SettingValue],
    only: Iterable[str] | None = None,
) -> dict[str, SettingReport]:
    """Returns the settings, sorted by name. If `only` is given, returns only these settings."""
    values = {**defaults, **configured, **client}
    names = sorted(values if only is None else values.keys() & set(only))

    def source(name: str) -> SettingSource:
        if name in client:
            return SettingSource.CLIENT
        return SettingSource.FILE if name in configured else SettingSource.DEFAULT

    return {
        name: SettingReport(value=shown(name, values[name]), default=defaults.get(name), source=source(name))
        for name in names
    }
