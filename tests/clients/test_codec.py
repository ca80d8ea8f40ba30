"""Every client's codec accepts and refuses the vectors in tests/vectors as it must."""

import fcntl
import json
import math
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.clients.languages import FOLDER, Endpoints, Lines, run
from tests.clients.matrix import Matrix

pytestmark = pytest.mark.process

MOST_KIB = 300 * 1024
CLAIMS = ("81a178c6f0000000aa", "c6f0000000aa", "dbf0000000aa", "81a178dd01ffffffc0", "ddf0000000aa", "dff0000000aa")
"""Short messages whose headers claim a huge length: bytes, text, an array, and a map."""
VECTORS = sorted((Path(__file__).parents[1] / "vectors").glob("*.json"))


def same(one: Any, other: Any) -> bool:
    """Equality of decoded JSON: 1 and 1.0 are the same number, and true is no number."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
        case list(), list():
            return len(one) == len(other) and all(map(same, one, other))
        case bool() | str() | None, _:
            return type(one) is type(other) and bool(one == other)
        case _, bool() | str() | None | dict() | list():
            return False
        case _:
            return math.isclose(one, other, rel_tol=0, abs_tol=0)


def test_a_slow_reader_gets_every_line(record_property: Any) -> None:
    """Though a client's output is a hundred times what the pipe holds, and it has nothing else to do at its end."""
    frames = "81a16100\n" * 10_000

    def compare(language: str) -> None:
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        with tempfile.TemporaryFile("w+") as source, os.fdopen(reader, "rb", buffering=0) as output:
            source.write(frames)
            source.seek(0)
            with subprocess.Popen([FOLDER / language / "run", "codec"], stdin=source, stdout=writer) as client:
                os.close(writer)
                read = b"".join(iter(lambda: output.read(1000), b""))
                assert client.wait(60) == 0
        with matrix.cell("codec", language):
            assert len(read.splitlines()) == 10_000

    with Matrix(record_property) as matrix:
        matrix.each(compare)


@pytest.mark.skipif(not VECTORS, reason="there are no vectors")
def test_every_vector(record_property: Any) -> None:
    """Accepted frames are also encoded again, and then have the same value."""
    vectors = [vector for file in VECTORS for vector in json.loads(file.read_text())["vectors"]]
    assert vectors

    def codec(language: str, frames: list[str]) -> list[dict[str, Any]]:
        ended = run(language, "codec", stdin="".join(f"{frame}\n" for frame in frames))
        assert (ended.code, ended.err) == (0, "")
        told = [json.loads(line) for line in ended.out.splitlines()]
        assert len(told) == len(frames)
        return told

    def compare(language: str) -> None:
        with matrix.cell("codec", language):
            told = codec(language, [vector["hex"] for vector in vectors])
            again = codec(language, [answer.get("hex", "80") for answer in told])
            wrong = [
                f"{vector['name']}: {answer}"
                for vector, answer, encoded in zip(vectors, told, again, strict=True)
                if not right(vector, answer, encoded)
            ]
            assert not wrong, "\n".join(wrong)

    with Matrix(record_property) as matrix:
        matrix.each(compare)


def test_a_length_that_is_only_claimed_takes_no_memory(record_property: Any) -> None:
    """Each message is refused ten times in a row, after the vectors that must be refused."""
    rejected = json.loads((VECTORS[0].parent / "codec_rejected.json").read_text())["vectors"]
    frames = [vector["hex"] for vector in rejected] + [frame for frame in CLAIMS for _ in range(10)]

    def refuse(language: str) -> None:
        with (
            matrix.cell("codec, lengths", language),
            Lines(language, Endpoints("ipc:///none", "ipc:///none"), "codec") as codec,
        ):
            for frame in frames:
                codec.write(frame)
            codec.until(len(frames), "all are refused")
            status = dict(line.split(":", 1) for line in Path(f"/proc/{codec.pid}/status").read_text().splitlines())
            assert not any(answer["ok"] for answer in codec.lines)
            assert int(status["VmHWM"].split()[0]) < MOST_KIB
            assert codec.close() == 0

    with Matrix(record_property) as matrix:
        matrix.each(refuse)


def right(vector: dict[str, Any], answer: dict[str, Any], encoded: dict[str, Any]) -> bool:
    """Whether a client judged a vector correctly, and its own encoding of the vector, too."""
    if vector.get("by") == "codec":
        return answer["ok"] is False and bool(answer["why"])
    if not answer["ok"] or not same(answer["decoded"], encoded.get("decoded")):
        return False
    return "decoded" not in vector or same(vector["decoded"], answer["decoded"])
