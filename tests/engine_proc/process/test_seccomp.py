"""The filter as the kernel runs it: every call of both machines, and arguments where they count."""

import errno
import struct
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.process.seccomp import COMMANDS, MACHINES, REFUSED, Machine, program

PID: Final = 4711
ALLOWED: Final = "allowed"
CLONE_THREAD: Final = 0x10000
X86: Final = MACHINES["x86_64"]
ARM: Final = MACHINES["aarch64"]
machines = pytest.mark.parametrize("machine", [X86, ARM], ids=["x86_64", "aarch64"])


def verdict(
    machine: Machine, number: int, argument: int = 0, second: int = -1, *, architecture: int | None = None
) -> str:
    """The filter's verdict on a call, by the rules of classic BPF."""
    data = struct.pack(
        "=iIQ6Q", number, architecture or machine.architecture, 0, argument % 2**64, second % 2**64, *[2**64 - 1] * 4
    )
    made, at, accumulator = program(machine, PID), 0, 0
    while True:
        code, true, false, operand = made[at]
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, operand)
            case 0x15:
                at += true if accumulator == operand else false
            case 0x35:
                at += true if accumulator >= operand else false
            case 0x45:
                at += true if accumulator & operand else false
            case 0x06:
                return ALLOWED if operand == 0x7FFF0000 else errno.errorcode[operand & 0xFFFF]
            case _:
                raise AssertionError(code)


@machines
def test_what_is_refused_is_refused_and_all_else_allowed(machine: Machine) -> None:
    """For all call numbers, except those whose arguments are checked."""
    refused = {numbers[machine.column] for numbers in REFUSED.values()} - {None}
    by_argument = {62, 234, 297, 302, 56} if machine is X86 else {129, 131, 240, 261, 220}
    for number in range(600):
        if number in by_argument:
            continue
        expected = "EPERM" if number in refused else "ENOSYS" if number == 435 else ALLOWED
        assert verdict(machine, number) == expected, number
    assert verdict(machine, 39, architecture=0x40000003) == "EPERM"
    assert verdict(machine, 39 | 0x40000000) == "EPERM"
    assert verdict(machine, -1) == "EPERM"


@machines
@given(pid=st.integers(-(2**31), 2**31 - 1))
def test_signals_and_limits_are_for_itself_alone(machine: Machine, pid: int) -> None:
    """0 is its own process group, or itself; -1 would be all processes."""
    for number in (62, 234, 297, 302) if machine is X86 else (129, 131, 240, 261):
        assert verdict(machine, number, pid) == (ALLOWED if pid in (0, PID) else "EPERM")
        assert verdict(machine, number, PID) == verdict(machine, number, 0) == ALLOWED


@machines
@given(
    name=st.sampled_from(sorted(COMMANDS)),
    command=st.one_of(st.integers(0, 20), st.sampled_from([0x5421, 0x541B, 0x80086601, 0x40086602, 0x401C5820])),
    high=st.sampled_from([0, 1 << 32, 0xFFFFFFFF << 32]),
)
def test_some_commands_are_refused_and_the_others_allowed(machine: Machine, name: str, command: int, high: int) -> None:
    """The kernel uses only the lower half, so a filter that used more could be bypassed."""
    numbers, refused = COMMANDS[name]
    expected = "EPERM" if command in refused.values() else ALLOWED
    assert verdict(machine, numbers[machine.column], 3, command | high) == expected
    for each in refused.values():
        assert verdict(machine, numbers[machine.column], 3, each | high) == "EPERM"


@machines
@given(flags=st.integers(0, 2**32 - 1), bits=st.sampled_from([0x80, 0x20000, 0x2000000, 0x10000000, 0x40000000]))
def test_only_threads_are_made_and_no_namespaces(machine: Machine, flags: int, bits: int) -> None:
    """The C library's flags for a thread are allowed."""
    clone = 56 if machine is X86 else 220
    assert verdict(machine, clone, 0x3D0F00) == ALLOWED
    assert verdict(machine, clone, flags | bits) == "EPERM"
    assert verdict(machine, clone, flags & ~CLONE_THREAD) == "EPERM"


def test_no_call_is_named_twice() -> None:
    """On either machine."""
    for column in (0, 1):
        numbers = [each[column] for each in REFUSED.values() if each[column] is not None]
        assert len(numbers) == len(set(numbers))
