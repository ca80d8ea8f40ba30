import os

from tools.bench import usage


def test_memory_counts_what_this_process_holds() -> None:
    """And each process once, whether it was named or is a descendant of another one."""
    held = b"x" * (32 << 20)
    now = usage.memory([os.getpid(), os.getpid()])
    assert now.uss >= now.anonymous > len(held)
    assert len(usage.family([os.getpid(), os.getpid()])) == len(usage.family([os.getpid()]))


def test_an_ended_process_counts_as_nothing() -> None:
    """A program may end while it is measured."""
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    assert (usage.cpu_s([pid]), usage.written([pid]), usage.memory([pid])) == (0.0, 0, usage.Memory(0, 0))


def test_the_meter_keeps_the_peak() -> None:
    """The first sample is taken at once."""
    with usage.Meter(lambda: [os.getpid()]) as meter:
        pass
    assert meter.peak.uss >= meter.peak.anonymous >= 0


def test_cpu_time_grows_with_work() -> None:
    """Of this process and its descendants."""
    before = usage.cpu_s([os.getpid()])
    while usage.cpu_s([os.getpid()]) == before:
        sum(range(100_000))
