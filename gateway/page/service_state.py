"""Makes the state of the service for the page, in parts that change independently. Pure."""

from typing import Any

from gateway.mirror.mirror import Mirror
from protocol.wire.reports import EngineReport, EngineSlotReport, HealthReport


def service_state(mirror: Mirror) -> dict[str, Any]:
    """Returns the parts by name. No part has a value that grows all the time, such as an uptime.

    - `health`: whether the daemon answers, the status of the daemon, and the problems
    - `engine`: the states, generations and restarts of engines
    - `totals`: rates, numbers of peers, and free space
    - `categories`: the names and save paths of categories
    """
    health, stats = mirror.health, mirror.stats
    return {
        "health": {
            "away": mirror.away,
            "ready": mirror.ready,
            "status": status(mirror),
            "reasons": mirror.table.reasons,
        },
        "engine": {
            "state": mirror.table.engine,
            "version": health.supervisor.version if health else None,
            "restore": health.restore if health else None,
            "engines": _engines(health) if health else [],
        },
        "totals": {
            "download_bps": stats.session.download_bps,
            "upload_bps": stats.session.upload_bps,
            "peers": stats.session.peers,
            "roots": [{"path": each.path, "free_bytes": each.free_bytes} for each in stats.roots],
        }
        if stats
        else None,
        "categories": [{"name": each.name, "save_path": each.save_path} for each in mirror.categories.values()],
    }


def status(mirror: Mirror) -> str:
    """The daemon's status in one word. It is `away` if the daemon does not answer."""
    return "away" if mirror.away else str(mirror.table.status.value)


def _engines(health: HealthReport) -> list[dict[str, Any]]:
    if not health.engines:
        return [_engine(0, health.engine)]
    return [_engine(each.slot, each) for each in health.engines]


def _engine(slot: int, engine: EngineReport | EngineSlotReport) -> dict[str, Any]:
    return {
        "slot": slot,
        "state": engine.state,
        "gen": engine.gen,
        "restarts": engine.restarts,
        "pid": engine.pid,
    }
