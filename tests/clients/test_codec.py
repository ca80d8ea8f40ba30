"""Every client's codec takes what it must and refuses what it must: the vectors in tests/vectors."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.clients.languages import run
from tests.clients.matrix import Matrix

pytestmark = pytest.mark.process

VECTORS = sorted((Path(__file__).parents[1] / "vectors").glob("*.json"))


def same(one: Any, other: Any) -> bool:
    """Equality of decoded JSON, where 1 and 1.0 are one number and true is none."""
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


@pytest.mark.skipif(not VECTORS, reason="there are no vectors")
def test_every_vector(record_property: Any) -> None:
    """What was accepted is also encoded anew, and means the same then."""
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


def right(vector: dict[str, Any], answer: dict[str, Any], encoded: dict[str, Any]) -> bool:
    """Whether a client said of a vector what it should, and of its own encoding of it the same."""
    if vector.get("by") == "codec":
        return answer["ok"] is False and bool(answer["why"])
    if not answer["ok"] or not same(answer["decoded"], encoded.get("decoded")):
        return False
    return "decoded" not in vector or same(vector["decoded"], answer["decoded"])
