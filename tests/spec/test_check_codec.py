import subprocess
import sys
from pathlib import Path

import pytest

from tools.spec import check_codec
from tools.spec.check_codec import failures
from tools.spec.files import ROOT

pytestmark = pytest.mark.process

CARELESS = """
import base64, json, sys
import msgpack
def plain(value):
    if isinstance(value, bytes):
        return {"$bin": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value
for line in sys.stdin:
    try:
        value = msgpack.unpackb(bytes.fromhex(line), strict_map_key=False)
        again = msgpack.packb(value, use_single_float=True).hex()
        print(json.dumps({"ok": True, "decoded": plain(value), "hex": again}, default=str))
    except Exception as error:
        print(json.dumps({"ok": False, "why": repr(error)}))
"""


def test_a_right_codec_gets_every_vector_right() -> None:
    """As a command, from any directory."""
    ran = subprocess.run(
        [ROOT / "scripts" / "check-codec", "--", sys.executable, "-m", "tools.spec.codec_command"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.splitlines()[-1][:8]) == (0, "0 wrong,"), ran.stdout + ran.stderr


def test_a_codec_without_the_wire_s_limits_is_found_out(tmp_path: Path) -> None:
    """A typical library accepts integers, keys and depths that others cannot read, and truncates floats."""
    careless = tmp_path / "careless.py"
    careless.write_text(CARELESS)
    found = {(failure.file, failure.vector) for failure in failures([sys.executable, str(careless)])}
    assert {
        ("codec_rejected", "uint64 2^53"),
        ("codec_rejected", "17 levels of maps"),
        ("codec_rejected", "a key that is a number"),
        ("codec_rejected", "extension type: fixext1"),
        ("codec_rejected", "not a map but an array"),
        ("codec_accepted", "float64 -1.5e300"),
    } <= found
    assert ("codec_accepted", "uint64 2^53-1") not in found
    assert not {file for file, _ in found} & {"requests", "server_rejected"}


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("pass", "0 lines for"),
        ("[print('{') for line in __import__('sys').stdin]", "not a line of JSON"),
        ("[print('{}') for line in __import__('sys').stdin]", "not an answer"),
        ("[print('{\"ok\": false}') for line in __import__('sys').stdin]", "refused"),
        (
            '[print(\'{"ok": true, "decoded": {"a": 0}, "hex": "81a161"}\') for line in __import__(\'sys\').stdin]',
            "encoded to what is no message",
        ),
    ],
)
def test_a_broken_codec_is_told_how(code: str, problem: str) -> None:
    """Whatever it writes, or does not write."""
    assert problem in " ".join(failure.problem for failure in failures([sys.executable, "-c", code]))


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """No command, and a missing command."""
    assert check_codec.main(["--"]) == 2
    assert check_codec.main(["--", "/nonexistent/codec"]) == 2
    assert "nonexistent" in capsys.readouterr().err
