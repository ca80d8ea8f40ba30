import asyncio
from typing import Any, cast

import pytest

from gateway.metrics.reading import Reader
from gateway.metrics.routes import metrics_application
from ouzel.client.aio import AsyncClient
from protocol.configuration.gateway_sections import MetricsConfig
from tests.gateway.metrics.readings import PlayedClient


def get(path: str, config: MetricsConfig, **headers: str) -> tuple[int, dict[str, str], str]:
    """The status, headers and body of a GET."""
    app = metrics_application(config, Reader(cast(AsyncClient, PlayedClient())))
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(app(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(each.get("body", b"") for each in sent[1:]).decode()


def test_a_scrape_needs_no_login() -> None:
    """It gets text, in the format that it accepts."""
    status, headers, body = get("/metrics", MetricsConfig(), accept="application/openmetrics-text")
    assert (status, body.endswith("# EOF\n")) == (200, True)
    assert headers["content-type"].startswith("application/openmetrics-text")
    assert "ouzel_up 1.0\n" in body
    assert get("/", MetricsConfig())[0] == 200
    assert get("/other", MetricsConfig())[0] == 404


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer other", "Basic secret", "secret", "Bearer s\u00e9cret"])
def test_a_token_is_checked(header: str) -> None:
    """If there is one."""
    status, headers, body = get("/metrics", MetricsConfig(token="secret"), authorization=header)
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert "ouzel_" not in body


def test_the_right_token_is_accepted() -> None:
    """The scheme's case does not matter."""
    assert get("/metrics", MetricsConfig(token="secret"), authorization="bearer secret")[0] == 200


def test_all_of_libtorrents_values() -> None:
    """Only with the switch."""
    name = 'ouzel_libtorrent{name="net.other"} 1.0\n'
    assert name not in get("/metrics", MetricsConfig())[2]
    assert name in get("/metrics", MetricsConfig(libtorrent="all"))[2]
