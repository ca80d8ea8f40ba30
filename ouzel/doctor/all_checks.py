"""The table of all checks. A new check is one function, and one row here."""

from collections.abc import Sequence
from typing import Final

from ouzel.doctor.checks import (
    certificates,
    clients,
    clock,
    configuration,
    daemon,
    directories,
    disks,
    gateway,
    machine,
    ports,
    records,
    secrets,
    software,
    systemd,
)
from ouzel.doctor.runner import Check, CheckEach
from ouzel.doctor.target import Target


def _own(target: Target) -> list[str]:
    return list(target.paths.own().values())


def _roots(target: Target) -> Sequence[str]:
    return target.paths.download_roots


def _all(target: Target) -> list[str]:
    return target.paths.all()


CHECKS: Final[Sequence[Check | CheckEach]] = (
    Check("daemon", daemon.running),
    Check("health", daemon.health),
    Check("configuration", configuration.configuration, patience_s=configuration.CHECK_S + 1),
    Check("sockets", daemon.sockets),
    Check("instances", daemon.instances),
    Check("clients", clients.other_clients),
    CheckEach("directories", directories.own_directories, _own),
    CheckEach("download_roots", directories.download_roots, _roots),
    CheckEach("mounts", disks.mounts, _all),
    CheckEach("space", disks.space, _all),
    Check("missing_storage", disks.missing_storage),
    Check("damaged", records.damaged),
    Check("records", records.records),
    Check("crashes", records.crashes),
    Check("listen_port", ports.listen_port),
    Check("reachable", ports.reachable),
    Check("addresses", ports.addresses),
    Check("key_files", secrets.key_files),
    Check("ca_bundle", certificates.ca_bundle),
    Check("gateway", gateway.gateway),
    Check("unit", systemd.unit),
    Check("unit_overrides", systemd.overrides),
    Check("python", software.python),
    Check("libraries", software.libraries),
    Check("versions", software.versions),
    Check("kernel", machine.kernel),
    Check("sandbox", machine.sandbox),
    Check("locale", machine.locale),
    Check("descriptors", machine.descriptors),
    Check("memory", machine.memory),
    Check("clock", clock.synchronised),
    Check("clock_skew", clock.skew),
)
"""The checks, in the order of the output. The first checks explain most problems."""
