import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.log.standard_error import LogStream, printable
from tools.rig import stderrs

SCRIPT = """
import json, os, sys
from protocol.host import standard_streams
from supervisor.log import standard_error
standard_streams.fill()
log = standard_error.take_over()
taken = []
for fd in (2,):
    try:
        taken.append(os.write(fd, b"x" * 100_000))
    except OSError as error:
        taken.append(error.strerror)
sys.stdout.write(json.dumps([log, os.get_blocking(log), taken]))
"""


@pytest.mark.parametrize("kind", stderrs.KINDS)
def test_nobody_waits_for_descriptor_2(kind: str, tmp_path: Path) -> None:
    """Whatever is behind it. The log has another descriptor, whose mode is unchanged for other users of the pipe."""
    with stderrs.make(kind, tmp_path) as stderr:
        began = time.monotonic()
        done = subprocess.run(
            [*stderr.shell, sys.executable, "-c", SCRIPT],
            stdout=subprocess.PIPE,
            stderr=stderr.fd,
            timeout=30,
            check=True,
        )
        log, blocking, _ = json.loads(done.stdout)
        assert log > 2
        assert blocking is (kind != "nonblocking")
        assert os.get_blocking(stderr.fd) is (kind != "nonblocking")
        assert time.monotonic() - began < 20


@given(st.text())
def test_what_is_printable_steers_no_terminal(text: str) -> None:
    """It has neither control characters nor direction marks, and no information is lost."""
    shown = printable(text)
    assert shown.isprintable()
    assert "\\" in text or text in (shown, shown.encode("ascii", "backslashreplace").decode("unicode_escape"))


def test_a_stream_hands_on_whole_lines() -> None:
    """However it is written; text that cannot be encoded or shown is escaped."""
    put: list[bytes] = []
    stream = LogStream(put.append)
    for text in ("a", "b\nc\x1b", "\u202e\udcff\n", "\n", "rest"):
        assert stream.write(text) == len(text)
    stream.flush()
    assert put == [b"ab\n", b"c\\x1b\\u202e\\udcff\n", b"\n"]
    assert stream.fileno() == 2
