"""The ports of the engine, the daemon and the gateway, and who has them."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import psutil

from ouzel.doctor.finding import Finding, error, info, ok, unknown, warning
from ouzel.doctor.processes import arguments_of, daemons, parent_of
from ouzel.doctor.target import Target
from protocol.configuration.gateway_sections import GatewayConfig

REPORTED_AFTER_MS: Final = 10_000
"""A new engine reports its port within this time."""

DEFAULT_PORT: Final = 6881
"""The port of Ouzel's default `listen_interfaces`."""

_PORT: Final = re.compile(r":(\d{1,5})[sl]*\s*(?:,|$)")
_ADDRESS: Final = re.compile(r"(?:tcp://)?(?P<host>\[[^]]+\]|[^:]+):(?P<port>\d{1,5})")


class Holder(NamedTuple):
    """A process that has a port. The pid is None if this user cannot see it."""

    port: int
    pid: int | None
    kind: str


def listen_port(target: Target) -> Iterator[Finding]:
    """The port for peers: whether the engine has it, or another program."""
    ports = _configured(target)
    if target.stats is not None and target.stats.session.listen_port:
        ports = [target.stats.session.listen_port]
        yield ok(f"the engine listens on port {ports[0]}")
    elif not ports:
        yield ok("the kernel chooses the port for peers")
    engine = None if target.health is None else target.health.engine.pid
    for port in ports:
        others = [each for each in holders(port) if each.pid is None or not _ours(each.pid, engine, target)]
        for each in others:
            if each.pid is None and target.pid is not None:
                continue  # the process of another user, who may be the daemon's
            free = "end that program, or configure another port in [engine] listen_interfaces"
            yield error(f"port {port} ({each.kind}) is taken by {_name(each.pid, target)}", free, str(port))
        if target.health is None and not others:
            yield ok(f"port {port} is free", str(port))
    if target.stats is not None and not target.stats.session.listen_port:
        if target.health is None or target.health.engine.uptime_ms < REPORTED_AFTER_MS:
            yield unknown("the engine has not reported its port yet", "run `ouzel doctor` again")
            return
        yield warning(
            "the engine listens on no port: peers cannot connect",
            "look at `ouzel health`; behind a proxy this is intended",
        )


def reachable(target: Target) -> Iterator[Finding]:
    """Whether peers on the internet can connect. That cannot be seen from this machine."""
    port = next(iter(_configured(target)), DEFAULT_PORT)
    if target.stats is not None and target.stats.session.listen_port:
        port = target.stats.session.listen_port
    yield unknown(
        f"it is not known whether port {port} is reachable from outside",
        f"forward port {port} (TCP and UDP) in the router and the firewall, and test it with a port checker on the "
        "internet, or with `nc -vz ADDRESS PORT` from another network",
    )


def addresses(target: Target) -> Iterator[Finding]:
    """The addresses of `[api]`, `[gateway]` and `[metrics]`, and who has them."""
    gateway = target.value("gateway", "listen") or GatewayConfig().listen
    named = {
        "api.tcp_commands": (target.value("api", "tcp_commands"), "supervisor"),
        "api.tcp_events": (target.value("api", "tcp_events"), "supervisor"),
        "gateway.listen": (gateway, "gateway"),
        "metrics.listen": (target.value("metrics", "listen"), "gateway"),
    }
    for key, (address, owner) in named.items():
        found = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
        if found is None or int(found["port"]) == 0:
            continue
        port = int(found["port"])
        listening = [each for each in holders(port) if each.kind == "TCP"]
        strange = [each for each in listening if each.pid is not None and not _is(each.pid, owner, target)]
        running = target.pid is not None or owner == "gateway"
        if strange:
            seen = f"port {port} is taken by {_name(strange[0].pid, target)}"
            yield error(seen, f"end that program, or configure another {key}", key)
        elif listening and all(each.pid is None for each in listening):
            seen = f"port {port} is in use; this user cannot see by which program"
            yield unknown(seen, "run `ouzel doctor` as root", key)
        elif listening:
            yield ok(f"{address} is in use by Ouzel", key)
        elif key.startswith("api.") and running:
            yield error(f"nothing listens on {address}", "look at the daemon's log, and restart ouzeld", key)
        elif owner == "gateway":
            yield info(f"no gateway listens on {address}", "start `ouzel-gateway` if it is wanted", key)


def holders(port: int) -> list[Holder]:
    """The processes that listen on a port, by TCP or UDP."""
    found = []
    for kind, name in (("tcp", "TCP"), ("udp", "UDP")):
        for each in psutil.net_connections(kind=kind):
            listening = each.status == psutil.CONN_LISTEN if kind == "tcp" else not each.raddr
            if listening and each.laddr and each.laddr.port == port:
                found.append(Holder(port, each.pid, name))
    return list(dict.fromkeys(found))


def _configured(target: Target) -> list[int]:
    value = target.value("engine", "listen_interfaces")
    ports = [int(port) for port in _PORT.findall(value)] if isinstance(value, str) else [DEFAULT_PORT]
    return list(dict.fromkeys(port for port in ports if port))


def _ours(pid: int, engine: int | None, target: Target) -> bool:
    """Whether a process is the engine, the supervisor, or a child of the supervisor."""
    return pid in (engine, target.pid) or (target.pid is not None and parent_of(pid, target.proc) == target.pid)


def _is(pid: int, owner: str, target: Target) -> bool:
    if owner == "supervisor":
        return pid == target.pid or (target.pid is None and pid in daemons(target.proc))
    return is_gateway(arguments_of(pid, target.proc))


def is_gateway(arguments: Sequence[str]) -> bool:
    """Whether a command line is that of `ouzel-gateway`."""
    modules = [name for option, name in pairwise(arguments[:6]) if option == "-m"]
    return "gateway" in modules or any(each.rpartition("/")[2] == "ouzel-gateway" for each in arguments[:4])


def _name(pid: int | None, target: Target) -> str:
    if pid is None:
        return "a program of another user"
    program = " ".join(arguments_of(pid, target.proc)[:3]) or "a program that has ended"
    return f"pid {pid} ({program})"
