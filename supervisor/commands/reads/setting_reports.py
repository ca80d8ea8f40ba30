"""Reports on settings of libtorrent: what a client set, else what the configuration says, else the default. Pure."""

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
    """Returns the settings by name, sorted; if given, only those in `only`."""
    layers = (
        (client, SettingSource.CLIENT),
        (configured, SettingSource.FILE),
        (defaults, SettingSource.DEFAULT),
    )
    names = {name for layer, _ in layers for name in layer} if only is None else only
    found = {}
    for name in sorted(names):
        for layer, source in layers:
            if name in layer:
                value = shown(name, layer[name])
                found[name] = SettingReport(value=value, default=defaults.get(name), source=source)
                break
    return found
