"""A codec as `scripts/check-codec` wants it, over Ouzel's own: a line of hex in, a line of JSON out."""

import sys

from protocol.wire import codec
from protocol.wire.errors import ErrorKind, OuzelError
from tools.spec.wire_json import text


def answer(line: str) -> str:
    """What there is to say of one frame."""
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
