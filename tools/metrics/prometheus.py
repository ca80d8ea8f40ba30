"""A real Prometheus that scrapes gateways on loopback, and its HTTP API."""

import json
import math
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tools.rig.gateway import free_port
from tools.rig.waiting import until

END_S: Final = 30.0
SCRAPE: Final = "1s"


class QueryFailed(Exception):
    """Prometheus has refused a query. The message is its own."""


class Prometheus:
    """A Prometheus within its context. Its data and its log are in `root`.

    Args:
        program: the path of the program.
        targets: the addresses to scrape, as the job `ouzel`.
        rules: the text of the rules.
    """

    def __init__(self, program: str, root: Path, targets: list[str], rules: str) -> None:
        self._program = program
        self._root = root
        self._listen = f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        root.mkdir()
        (root / "ouzel.rules.yml").write_text(rules)
        configuration = {
            "global": {"scrape_interval": SCRAPE, "evaluation_interval": SCRAPE},
            "rule_files": ["ouzel.rules.yml"],
            "scrape_configs": [{"job_name": "ouzel", "static_configs": [{"targets": targets}]}],
        }
        (root / "prometheus.yml").write_text(json.dumps(configuration))  # JSON is YAML, too

    def __enter__(self) -> Self:
        argv = [
            self._program,
            f"--config.file={self._root / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._root / 'data'}",
            f"--web.listen-address={self._listen}",
            "--log.level=warn",
        ]
        with (self._root / "log").open("wb") as log:
            self._process = subprocess.Popen(
                argv, cwd=self._root, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            until(self._is_ready, f"Prometheus is ready; its log is {self._root / 'log'}")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def targets_up(self) -> int:
        """The number of targets that answered the last scrape."""
        return len(self.query('up{job="ouzel"} == 1'))

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The present result of a query. Raises QueryFailed."""
        found: list[dict[str, Any]] = self._get("query", query=expr)["result"]
        return found

    def samples(self, expr: str, since: float) -> int:
        """The number of finite values of a query, for each second since a Unix time. Raises QueryFailed."""
        result = self._get("query_range", query=expr, start=str(since), end=str(time.time()), step="1")["result"]
        return sum(math.isfinite(float(value)) for series in result for _, value in series["values"])

    def alerts(self) -> list[dict[str, Any]]:
        """The pending and firing alerts, with labels, annotations and state."""
        found: list[dict[str, Any]] = self._get("alerts")["alerts"]
        return found

    def firing(self) -> set[str]:
        """The names of the firing alerts."""
        return {alert["labels"]["alertname"] for alert in self.alerts() if alert["state"] == "firing"}

    def ever_firing(self, since: float) -> set[str]:
        """The names of all alerts that have fired since a Unix time."""
        result = self._get(
            "query_range", query='ALERTS{alertstate="firing"}', start=str(since), end=str(time.time()), step="1"
        )["result"]
        return {series["metric"]["alertname"] for series in result}

    def _get(self, path: str, **parameters: str) -> Mapping[str, Any]:
        url = f"http://{self._listen}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            raise QueryFailed(error.read().decode(errors="replace")) from error
        if found["status"] != "success" or found.get("warnings"):
            raise QueryFailed(json.dumps(found))
        data: Mapping[str, Any] = found["data"]
        return data

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._root / "log").read_text()
        try:
            with urllib.request.urlopen(f"http://{self._listen}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _end(self) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
