"""Makes a plan from a seed, with a random source of its own. Apart from this source, it is pure."""

import random
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

from tools.chaos.plan.plan import SESSION, STEADY, Header, Plan, PlannedFault, PlannedOp

OPS_PER_S: Final = 40.0
FAULTS_PER_S: Final = 0.3
"""The planned rate. Faults are played one after the other. If they take longer, a round takes longer."""

READS: Final = 0.3
"""The fraction of operations that are reads."""

FILES: Final = 3
LABELS: Final = ("a", "b", "c")
CATEGORIES: Final = ("films", "music")
SHORTEST_S: Final = 0.5


def make(
    *,
    seed: int,
    rounds: int,
    round_s: float,
    faults: Mapping[str, int],
    faults_per_s: float = FAULTS_PER_S,
    clients: int = 4,
    torrents: int = 12,
    downloads: int = 4,
) -> Plan:
    """The plan of a run.

    Args:
        faults: the weight of each fault by name. Each fault is planned at least once. If there is no time for all
            faults, the faults with the least weight are left out.
    """
    chance = random.Random(f"chaos {seed}")
    per_round = max(1, int(faults_per_s * round_s))
    faults = {name: faults[name] for name in sorted(faults, key=lambda name: -faults[name])[: per_round * rounds]}
    header = Header(
        seed=seed,
        rounds=rounds,
        round_s=round_s,
        clients=clients,
        torrents=torrents,
        downloads=downloads,
        faults=sorted(faults),
    )
    numbers, values = count(), count(1)
    ops = [
        _op(chance, header, next(numbers), -1, 0.0, "add_torrent", torrent, values)
        for torrent in range(torrents + downloads)
    ]
    for number in range(rounds):
        ops += _ops_of_round(chance, header, number, numbers, values)
    return Plan(header=header, ops=ops, faults=_faults(chance, header, faults, per_round))


def _ops_of_round(
    chance: random.Random, header: Header, number: int, numbers: "count[int]", values: "count[int]"
) -> list[PlannedOp]:
    times = sorted(chance.uniform(0, header.round_s) for _ in range(int(OPS_PER_S * header.round_s)))
    made = []
    for at_s in times:
        torrent = chance.randrange(header.torrents + header.downloads)
        op = _random_op(chance, torrent, header)
        if op == "update_session_limits":
            torrent = SESSION
        made.append(_op(chance, header, next(numbers), number, at_s, op, torrent, values))
    return made


def _random_op(chance: random.Random, torrent: int, header: Header) -> str:
    if chance.random() < READS:
        return "get_torrent"
    small = torrent < header.torrents
    weights = {
        "add_torrent": 12,
        "remove_torrent": 0 if torrent < STEADY else 5 if small else 2,
        "pause": 6 if small else 1,
        "resume": 8 if small else 6,
        "set_sequential": 8,
        "update_limits": 16,
        "update_selection": 10 if small else 0,
        "update_options": 16,
        "update_session_limits": 2,
        "move_in_queue": 2,
        "recheck": 2,
        "move_storage": 2,
        "list_torrents": 3,
    }
    return chance.choices(list(weights), list(weights.values()))[0]


def _op(
    chance: random.Random,
    header: Header,
    number: int,
    round_: int,
    at_s: float,
    op: str,
    torrent: int,
    values: "count[int]",
) -> PlannedOp:
    unique = 2_000_000 + next(values)
    via_gateway = (
        torrent < STEADY and op in ("pause", "resume", "update_limits", "update_options") and chance.random() < 0.4
    )
    return PlannedOp(
        number=number,
        round=round_,
        at_s=round(at_s, 4),
        client=chance.randrange(header.clients),
        op="update_limits" if op == "update_session_limits" else op,
        torrent=torrent,
        args=_args(chance, op, unique, small=torrent < header.torrents, via_gateway=via_gateway),
        applied=op not in ("get_torrent", "list_torrents") and not via_gateway and chance.random() < 0.05,
        twice=not via_gateway and chance.random() < 0.05,
        via="gateway" if via_gateway else "wire",
    )


def _args(chance: random.Random, op: str, unique: int, *, small: bool, via_gateway: bool) -> dict[str, Any]:
    match op:
        case "add_torrent":
            paused = small and chance.random() < 0.5
            return {"paused": paused, "download_bps": unique, "labels": [chance.choice(LABELS)]}
        case "remove_torrent":
            return {"delete_files": not small or chance.random() < 0.5}
        case "set_sequential":
            return {"sequential": chance.random() < 0.5}
        case "update_limits" | "update_session_limits":
            name = chance.choice(("download_bps", "upload_bps"))
            if via_gateway:  # one request of the Web API sets one limit, in whole KiB here
                return {name: unique // 1024 * 1024}
            return {name: unique}
        case "update_selection":
            if chance.random() < 0.5:
                return {"include": [f"*{unique}.bin"]}
            return {"priorities": {str(index): chance.randrange(8) for index in range(FILES)}}
        case "update_options":
            if via_gateway or chance.random() < 0.5:
                return {"category": chance.choice(CATEGORIES)}
            return {"labels": sorted(chance.sample(LABELS, 2))}
        case "move_in_queue":
            return {"where": chance.choice(("top", "bottom", "up", "down"))}
        case "move_storage":
            return {"place": chance.randrange(2)}
        case _:
            return {}


def _faults(chance: random.Random, header: Header, weights: Mapping[str, int], per_round: int) -> list[PlannedFault]:
    if not weights:
        return []
    names = list(weights)
    once = names * (1 + (per_round * header.rounds > 3 * len(names)))
    chance.shuffle(once)
    drawn: Sequence[str] = once + chance.choices(names, list(weights.values()), k=per_round * header.rounds)
    made: list[PlannedFault] = []
    for number in range(header.rounds):
        times = sorted(chance.uniform(SHORTEST_S, max(SHORTEST_S, header.round_s)) for _ in range(per_round))
        of_round = list(drawn[number * per_round : (number + 1) * per_round])
        chance.shuffle(of_round)
        for at_s, name in zip(times, of_round, strict=True):
            made.append(
                PlannedFault(
                    number=len(made), round=number, at_s=round(at_s, 4), fault=name, chance=chance.getrandbits(32)
                )
            )
    return made
