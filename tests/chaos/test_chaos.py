"""A short run with a fault of each main class: all invariants hold."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.rig import mounts

pytestmark = [pytest.mark.process, pytest.mark.network, pytest.mark.first]

FAULTS = ("burst", "hand_over", "stop_half", "native_segv", "supervisor_kill", "gateway_kill", "garbage")


def test_a_short_run_holds_all_invariants_and_its_history_can_be_checked_again(tmp_path: Path) -> None:
    """Engine, spare, hang, native crash, supervisor, gateway and client; the disk only if mounts are allowed."""
    history = tmp_path / "history.jsonl"
    faults = [*FAULTS, *(["disk_full"] if mounts.refusal() is None else [])]
    argv = [sys.executable, "-I", "-m", "tools.chaos", "--json"]
    playing = [*argv, "--minutes", "0.1", "--rate", "1.6", "--history", str(history), "--faults", ",".join(faults)]
    played = subprocess.run(playing, capture_output=True, text=True, check=False)
    told = json.loads(played.stdout) if played.stdout else {}
    assert played.returncode == 0, (told.get("violations"), told.get("invalid"), played.stderr)
    assert set(told["faults"]) == set(faults)
    assert told["kills"] >= 5
    checked = subprocess.run([*argv, "--check", str(history)], capture_output=True, text=True, check=False)
    assert json.loads(checked.stdout) == told
