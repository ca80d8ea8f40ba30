"""Faults by clients: garbage, storms of connections, and subscribers that are slow, stopped or dying."""

import os
import random
import signal
import time
from typing import Final

import zmq

from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, EVENTS_SOCKET, ipc_endpoint
from tools.chaos.nemesis.registry import Bite, fault
from tools.chaos.world.world import World
from tools.rig.clients.fuzzer import HOSTILE
from tools.rig.clients.listener import Listener

FRAMES: Final = 60
STORM: Final = 80
STOPPED_S: Final = 2.0
ENGINE_SOCKET: Final = "engine.ipc"


@fault("clients", 4)
def garbage(world: World, chance: random.Random, bite: Bite) -> None:
    """Sends frames that are no requests."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(ipc_endpoint(world.runtime_dir, COMMANDS_SOCKET))
        for _ in range(FRAMES):
            frame = chance.choice(HOSTILE) if chance.random() < 0.5 else chance.randbytes(chance.randrange(1, 300))
            socket.send(frame)
        replies = 0
        while socket.poll(300):
            socket.recv()
            replies += 1
    if replies:
        bite(f"{replies} error replies")


@fault("clients", 3)
def stale_frames(world: World, chance: random.Random, bite: Bite) -> None:
    """Sends frames to the private socket of the engine. The supervisor must ignore frames of other processes."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(f"ipc://{world.runtime_dir}/{ENGINE_SOCKET}")
        monitor = socket.get_monitor_socket(zmq.EVENT_CONNECTED)
        for _ in range(FRAMES):
            frames = [chance.randbytes(chance.randrange(1, 100)), codec.encode({"gen": 1, "type": "ready"})]
            socket.send_multipart(frames)
        connected = bool(monitor.poll(1000))
        time.sleep(0.2)
        socket.disable_monitor()
        monitor.close()
    if connected:
        bite("connected to the engine's socket")


@fault("clients", 3)
def reconnect_storm(world: World, chance: random.Random, bite: Bite) -> None:
    """Connects and disconnects many clients. Some clients disconnect before their reply arrives."""
    replies = 0
    endpoint = ipc_endpoint(world.runtime_dir, COMMANDS_SOCKET)
    with zmq.Context() as context:
        for number in range(STORM):
            with context.socket(zmq.DEALER) as socket:
                socket.linger = 0
                socket.connect(endpoint)
                socket.send(codec.encode({"v": 1, "id": number, "op": "ping", "args": {}}))
                if chance.random() < 0.5 and socket.poll(500):
                    socket.recv()
                    replies += 1
    if replies:
        bite(f"{replies} replies")


@fault("clients", 3)
def subscriber_stops(world: World, chance: random.Random, bite: Bite) -> None:
    """Stops a subscriber, and continues it. Stops another subscriber, and kills it."""
    with (
        Listener(world.runtime_dir, "lifecycle/", "progress/") as first,
        Listener(world.runtime_dir, "lifecycle/") as second,
    ):
        for each in (first, second):
            os.kill(each.pid, signal.SIGSTOP)
        time.sleep(STOPPED_S)
        os.kill(second.pid, signal.SIGKILL)
        os.kill(first.pid, signal.SIGCONT)
        heard = first.heard()
    bite(f"{heard.events} events, {heard.lost} lost")


@fault("clients", 3)
def slow_subscriber(world: World, chance: random.Random, bite: Bite) -> None:
    """Subscribes to everything with a queue of one message, and hardly reads."""
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.rcvhwm = 1
        socket.subscribe("")
        socket.connect(ipc_endpoint(world.runtime_dir, EVENTS_SOCKET))
        read = 0
        for _ in range(4):
            time.sleep(0.4)
            if socket.poll(800):
                socket.recv_multipart()
                read += 1
    if read:
        bite(f"{read} messages read")
