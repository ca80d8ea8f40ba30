"""`scripts/check-codec`: checks a client's codec with the vectors, and reports its errors.

The codec is a command. It reads frames as lines of hex, and writes one line of JSON for each:

- `{"ok": true, "decoded": value, "hex": "the value encoded again"}`
- or `{"ok": false, "why": "in words"}`

Bytes are `{"$bin": base64}`.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from protocol.wire import codec
from protocol.wire.errors import OuzelError
from tools.spec.files import ROOT, VECTORS
from tools.spec.wire_json import from_json, same

FILES: Final = ("requests", "replies", "events", "codec_accepted", "codec_rejected", "server_rejected")
PATIENCE_S: Final = 60.0


class Failure(NamedTuple):
    """A vector that a codec handles wrongly, and a text about the error."""

    file: str
    vector: str
    problem: str


def vectors() -> Iterator[tuple[str, dict[str, Any]]]:
    """All vectors, each with the name of its file."""
    for name in FILES:
        for vector in json.loads((ROOT / VECTORS / f"{name}.json").read_text())["vectors"]:
            yield name, vector


def failures(command: Sequence[str]) -> list[Failure]:
    """The vectors that a codec handles wrongly.

    Raises:
        OSError: the command cannot be started.
    """
    told = list(vectors())
    lines = "".join(vector["hex"] + "\n" for _, vector in told)
    try:
        ran = subprocess.run(
            command, input=lines, stdout=subprocess.PIPE, text=True, encoding="utf-8", timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return [Failure("-", "-", f"the command has not ended in {PATIENCE_S:g} s, though its input has")]
    answers = ran.stdout.splitlines()
    found = [
        Failure(file, vector["name"], problem)
        for (file, vector), line in zip(told, answers, strict=False)
        if (problem := _judged(vector, line)) is not None
    ]
    if len(answers) != len(told):
        said = f"{len(answers)} lines for {len(told)} frames; the exit code is {ran.returncode}"
        found.append(Failure("-", "-", said))
    return found


def _judged(vector: dict[str, Any], line: str) -> str | None:
    """The error in an answer. None if the answer is right."""
    try:
        answer = json.loads(line)
    except ValueError:
        return f"not a line of JSON: {line[:200]!r}"
    match answer:
        case {"ok": False}:
            return None if vector.get("by") == "codec" else f"refused: {answer.get('why')}"
        case {"ok": True} if vector.get("by") == "codec":
            return f"taken, and it must be refused ({vector['error']['name']})"
        case {"ok": True, "decoded": decoded, "hex": str(again)}:
            return _compared(codec.decode(bytes.fromhex(vector["hex"])), decoded, again)
        case _:
            return f"not an answer as it should be: {line[:200]}"


def _compared(value: Any, decoded: Any, again: str) -> str | None:
    if not same(from_json(decoded), value):
        return f"decoded to {json.dumps(decoded)[:200]}"
    try:
        if not same(codec.decode(bytes.fromhex(again)), value):
            return f"encoded to something else: {again[:200]}"
    except (ValueError, OuzelError) as error:
        return f"encoded to what is no message: {error}"
    return None


def main(argv: Sequence[str]) -> int:
    """Runs the check. Returns the exit code: 0 if all answers are right, 1 for wrong answers, 2 for wrong usage."""
    command = argv[1:] if argv[:1] == ["--"] else argv
    if not command:
        sys.stderr.write("usage: scripts/check-codec -- COMMAND [ARGUMENT…]\n")
        return 2
    try:
        found = failures(command)
    except OSError as error:
        sys.stderr.write(f"check-codec: {command[0]}: {error.strerror}\n")
        return 2
    for file, vector, problem in found:
        sys.stdout.write(f"{file}: {vector}: {problem}\n")
    sys.stdout.write(f"{len(found)} wrong, of {len(list(vectors()))} vectors\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
