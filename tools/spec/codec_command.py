"""Ouzel's codec as a command for `scripts/check-codec`. It reads lines of hex, and writes lines of JSON."""

import sys

from protocol.wire import codec
from protocol.wire.errors import ErrorKind, OuzelError
from tools.spec.wire_json import text


def answer(line: str) -> str:
    """The answer for one frame."""
    try:
        value = codec.decode(bytes.fromhex(line))
        if not isinstance(value, dict):
            raise OuzelError(ErrorKind.INVALID_ENVELOPE, "not a map")
    except OuzelError as error:
        return text({"ok": False, "why": str(error)})
    return text({"ok": True, "decoded": value, "hex": codec.encode(value).hex()})


if __name__ == "__main__":
    for each in sys.stdin:
        sys.stdout.write(answer(each.strip()) + "\n")
