"""Traces of a real daemon: from the command line or an HTTP request to the engine, at a receiver."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.gateway.rpc_client import RpcClient
from tools.rig.daemon import Daemon
from tools.rig.gateway import GatewayProcess
from tools.rig.servers.otlp import Received, Receiver
from tools.rig.waiting import until

pytestmark = pytest.mark.process

MAGNET = f"magnet:?xt=urn:btih:{'b' * 40}"
PARENT = "00f067aa0ba902b7"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of traces."""
    with Receiver() as running:
        yield running


def trace_with(receiver: Receiver, *names: str) -> dict[str, Received]:
    """The spans of the first trace that has spans of all these names."""
    traces: dict[str, dict[str, Received]] = {}
    for span in receiver.spans():
        traces.setdefault(span.trace, {})[span.name] = span
    return next((spans for spans in traces.values() if set(names) <= set(spans)), {})


def test_one_trace_from_the_command_line_to_the_engine(root: Path, daemon: Daemon, receiver: Receiver) -> None:
    """A gateway that only exports. The program that runs the command line has a trace, too."""
    env = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    runtime = {"OUZEL_PATHS_RUNTIME_DIR": str(daemon.runtime_dir)}
    names = ("ouzel add", "add_torrent", "durable_write", "engine_apply")
    with (root / "gateway.log").open("wb") as log:
        exporter = subprocess.Popen(
            [sys.executable, "-I", "-m", "gateway", "--only", "traces"], env=env | runtime, stderr=log
        )
    try:
        until(lambda: daemon.client.add_torrent(magnet=MAGNET, paused=True).torrent and receiver.spans(), "it exports")
        command = [sys.executable, "-I", "-m", "ouzel", "add", "--paused", f"magnet:?xt=urn:btih:{'c' * 40}"]
        traceparent = {"TRACEPARENT": f"00-{TRACE}-{PARENT}-01"}
        done = subprocess.run(command, env=env | runtime | traceparent, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        until(lambda: trace_with(receiver, *names), "all spans have arrived")
    finally:
        exporter.send_signal(signal.SIGTERM)
        assert exporter.wait(20) == 0, (root / "gateway.log").read_text()
    found = [span for span in receiver.spans() if span.trace == TRACE]
    [shell] = [span for span in found if span.name == "ouzel add"]
    [client] = [span for span in found if span.name == "add_torrent" and span.kind == "SPAN_KIND_CLIENT"]
    [server] = [span for span in found if span.name == "add_torrent" and span.kind == "SPAN_KIND_SERVER"]
    assert (shell.service, client.service, server.service) == ("ouzel", "ouzel", "ouzeld")
    assert (shell.parent, client.parent, server.parent) == (PARENT, shell.span, client.span)
    for name in ("durable_write", "engine_apply"):
        [part] = [span for span in found if span.name == name]
        assert part.parent == server.span
        assert part.error is None


def test_an_http_request_continues_the_trace_of_its_client(
    daemon: Daemon, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway's call of the daemon is its child, and the daemon's span is the child of the call."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
    names = ("POST /transmission/rpc", "add_torrent", "durable_write", "engine_apply")
    with GatewayProcess(daemon.root) as gateway:
        client = RpcClient(gateway.url)
        until(client.probe, "the gateway answers")
        until(lambda: receiver.spans(), "it exports")
        client.headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        client.call("torrent-add", filename=f"magnet:?xt=urn:btih:{'d' * 40}", paused=True)
        until(lambda: trace_with(receiver, *names), "all spans have arrived")
    found = [span for span in receiver.spans() if span.trace == TRACE]
    http = next(span for span in found if span.parent == PARENT)
    [client_span] = [span for span in found if span.name == "add_torrent" and span.kind == "SPAN_KIND_CLIENT"]
    [server] = [span for span in found if span.name == "add_torrent" and span.kind == "SPAN_KIND_SERVER"]
    assert (http.service, http.name) == ("ouzel-gateway", names[0])
    assert (client_span.parent, server.parent) == (http.span, client_span.span)
