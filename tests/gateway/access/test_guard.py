"""The guard with the login behind it: what is refused, and how."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.access import access as access_module
from gateway.access import attempts, password
from gateway.access.access import Access, Login, open_access
from gateway.access.guard import HEADERS, LOGIN, LOGIN_BYTES, Guard
from gateway.access.origin import Origin
from gateway.access.password import Credentials
from gateway.qbittorrent import auth
from gateway.store.store import Store
from gateway.web import answers
from gateway.web.application import application
from protocol.configuration.gateway_sections import GatewayConfig
from tests.gateway.access.asgi import Answer, ask

RIGHT = b"username=admin&password=secret"
WRONG = b"username=admin&password=no"
VERSION = "/api/v2/app/version"


class Rig:
    """A guard with a face that answers with the key of the session."""

    def __init__(self, store: Store, config: GatewayConfig) -> None:
        self.access: Access = asyncio.run(open_access(config, store))[0]
        paths = (VERSION, "/transmission/rpc", "/index.html")
        routes = [Route(path, whoami, methods=["GET", "POST"]) for path in paths]
        self.guard = Guard(application([*auth.routes_of_auth(), *routes]), self.access)

    def ask(self, method: str, target: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
        return asyncio.run(ask(self.guard, method, target, headers, **more))

    def log_in(self) -> str:
        return self.ask("POST", LOGIN, body=RIGHT).headers["set-cookie"]


async def whoami(request: Request) -> Response:
    """Answers with the key of the session."""
    session = getattr(request.state, "session", None)
    return answers.text("nobody" if session is None else session.key)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rig]]:
    """Makes a rig for keys of the configuration."""
    monkeypatch.setattr(attempts, "DELAY_S", 0.0)
    store = Store(tmp_path / "gateway.sqlite")
    yield lambda **keys: Rig(store, GatewayConfig(**{"password": "secret", **keys}))
    store.close()


def test_a_login_is_answered_as_qbittorrent_does(rig: Callable[..., Rig]) -> None:
    """The bodies, the cookie and the status codes."""
    found = rig()
    answer = found.ask("POST", LOGIN, body=RIGHT)
    assert (answer.status, answer.body) == (200, b"Ok.")
    assert answer.headers["set-cookie"].startswith("SID=")
    assert answer.headers["set-cookie"].endswith("; HttpOnly; path=/; SameSite=Strict")
    wrong = found.ask("POST", LOGIN, body=WRONG)
    assert (wrong.status, wrong.body) == (200, b"Fails.")
    assert "set-cookie" not in wrong.headers
    assert found.ask("POST", LOGIN).body == b"Fails."
    assert found.ask("GET", f"{LOGIN}?{RIGHT.decode()}").status == 405


def test_a_session_lives_from_login_to_logout(rig: Callable[..., Rig]) -> None:
    """Some clients return the whole `Set-Cookie` as their cookie."""
    found = rig()
    whole = found.log_in()
    cookie = {"cookie": whole.split(";")[0]}
    key = found.ask("GET", VERSION, cookie)
    assert key.status == 200
    assert found.ask("POST", VERSION, {"cookie": whole}).body == key.body
    again = found.ask("POST", LOGIN, cookie, body=WRONG)
    assert (again.body, again.headers["set-cookie"]) == (b"Ok.", whole)
    assert found.ask("GET", "/api/v2/auth/logout", cookie).status == 405
    assert found.ask("POST", "/api/v2/auth/logout", cookie).status == 200
    assert found.ask("GET", VERSION, cookie).status == 403
    assert found.ask("POST", "/api/v2/auth/logout", cookie).status == 403


def test_without_a_session_nothing_but_files_is_answered(rig: Callable[..., Rig]) -> None:
    """Paths of APIs are refused, whether they exist or not."""
    found = rig()
    for target in (
        VERSION,
        "/api/v2/nonsense",
        "/api/v2/auth/nonsense",
        "/api/events",
        "/api",
        "/%61pi/v2/app/version",
    ):
        answer = found.ask("GET", target)
        assert (answer.status, answer.body) == (403, b"Forbidden"), target
    assert found.ask("GET", "/index.html").body == b"nobody"
    assert found.ask("POST", "/index.html").status == 403
    for target in ("/transmission/rpc", "/transmission", "/metrics"):
        answer = found.ask("GET", target)
        assert answer.status == 401, target
        assert answer.headers["www-authenticate"].startswith("Basic ")


def test_after_five_failures_an_address_is_banned(rig: Callable[..., Rig]) -> None:
    """Also a right password is refused then."""
    found = rig()
    cookie = {"cookie": found.log_in()}
    assert [found.ask("POST", LOGIN, body=WRONG).body for _ in range(5)] == [b"Fails."] * 5
    for body in (WRONG, RIGHT):
        answer = found.ask("POST", LOGIN, body=body)
        assert answer.status == 403
        assert b"has been banned" in answer.body
    assert found.ask("POST", "/transmission/rpc", basic("admin", "secret")).status == 403
    assert found.ask("POST", LOGIN, body=RIGHT, peer="192.0.2.8").body == b"Ok."
    assert found.ask("GET", VERSION, cookie).status == 200, "sessions stay open"


def test_guesses_at_once_do_not_pass_the_ban(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many guesses at once, five are checked."""
    monkeypatch.setattr(attempts, "DELAY_S", 0.0)
    checked: list[str] = []

    async def wrong(_: Credentials, username: str, __: str) -> bool:
        checked.append(username)
        await asyncio.sleep(0)
        return False

    monkeypatch.setattr(Credentials, "check", wrong)
    store = Store(tmp_path / "gateway.sqlite")
    config = GatewayConfig(password_hash=password.hashed("secret"))

    async def flood() -> list[Login]:
        access, _ = await open_access(config, store)
        origin = Origin("192.0.2.7", "", secure=False)
        return await asyncio.gather(*(access.log_in(origin, "admin", str(number)) for number in range(50)))

    outcomes = asyncio.run(flood())
    store.close()
    assert (len(checked), outcomes.count(Login.BANNED)) == (5, 45)


def test_wrong_passwords_over_basic_ban_too(rig: Callable[..., Rig]) -> None:
    """Malformed headers are refused without a count."""
    found = rig()
    assert found.ask("GET", "/transmission/rpc", basic("admin", "secret")).body == b"basic"
    statuses = [found.ask("GET", "/transmission/rpc", basic("admin", "no")).status for _ in range(7)]
    assert statuses == [401] * 5 + [403] * 2
    for header in ("Basic", "Basic !", "Basic YWJj", "Digest x"):
        assert found.ask("GET", "/transmission/rpc", {"authorization": header}, peer="192.0.2.8").status == 401


def test_an_api_key_needs_no_session(rig: Callable[..., Rig]) -> None:
    """Wrong keys are refused without a count, since keys cannot be guessed."""
    found = rig()
    secret = asyncio.run(found.access.keys.new("sonarr"))
    bearer = {"authorization": f"Bearer {secret}"}
    assert found.ask("GET", VERSION, bearer).body == b"key-sonarr"
    assert found.ask("POST", "/transmission/rpc", {**bearer, "origin": "http://evil"}).body == b"key-sonarr"
    for _ in range(10):
        assert found.ask("GET", VERSION, {"authorization": "Bearer wrong"}).status == 403
    assert found.ask("POST", LOGIN, body=RIGHT).body == b"Ok.", "a wrong key bans nobody"
    cookie = {"authorization": "Bearer wrong", "cookie": found.log_in()}
    assert found.ask("GET", VERSION, cookie).status == 200


def test_requests_of_other_sites_are_refused(rig: Callable[..., Rig]) -> None:
    """By `Origin`, and without it by `Referer`."""
    found = rig()
    cookie = {"cookie": found.log_in()}
    for headers in ({"origin": "http://evil"}, {"referer": "http://evil/"}, {"origin": "null"}):
        assert found.ask("POST", VERSION, {**cookie, **headers}).status == 401
        assert found.ask("POST", LOGIN, headers, body=RIGHT).status == 401
    assert found.ask("GET", "/index.html", {"referer": "http://evil/"}).status == 200, "a link may lead here"
    assert found.ask("POST", VERSION, {**cookie, "authorization": "Bearer x", "origin": "http://evil"}).status == 401
    same = {"origin": "http://127.0.0.1:8080", "referer": "http://127.0.0.1:8080/"}
    assert found.ask("POST", VERSION, {**cookie, **same}).status == 200


def test_names_that_are_not_allowed_are_refused(rig: Callable[..., Rig]) -> None:
    """So no page can reach the gateway by a name of its own."""
    found = rig(allowed_hosts=["nas.home"])
    assert found.ask("GET", "/index.html", {"host": "evil.example"}).status == 401
    assert found.ask("POST", LOGIN, {"host": "evil.example"}, body=RIGHT).status == 401
    assert found.ask("POST", LOGIN, {"host": "nas.home:8080"}, body=RIGHT).body == b"Ok."


def test_behind_a_trusted_proxy_the_client_is_banned(rig: Callable[..., Rig]) -> None:
    """And the cookie follows the scheme of the client's connection."""
    found = rig(trusted_proxies=["192.0.2.7"], max_failed_logins=1)
    client = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
    assert found.ask("POST", LOGIN, client, body=WRONG).body == b"Fails."
    assert found.ask("POST", LOGIN, client, body=RIGHT).status == 403
    answer = found.ask("POST", LOGIN, {**client, "x-forwarded-for": "203.0.113.8"}, body=RIGHT)
    assert answer.headers["set-cookie"].endswith("; Secure")


def test_each_answer_has_the_headers(rig: Callable[..., Rig]) -> None:
    """Refusals, too."""
    found = rig()
    for answer in (found.ask("GET", "/index.html"), found.ask("GET", VERSION), found.ask("POST", LOGIN, body=RIGHT)):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_a_login_is_small(rig: Callable[..., Rig]) -> None:
    """Anybody may send one, so its size is limited, also without a length."""
    found = rig()
    body = b"username=admin&password=" + b"x" * LOGIN_BYTES
    assert found.ask("POST", LOGIN, body=body).status == 413
    assert found.ask("POST", LOGIN, {"content-length": ""}, body=body).status == 413


def test_a_password_is_made_once(tmp_path: Path) -> None:
    """Without one in the configuration; the store has only its hash."""
    store = Store(tmp_path / "gateway.sqlite")
    try:
        access, made = asyncio.run(open_access(GatewayConfig(), store))
        assert made is not None
        assert made not in str(store.get(access_module.HASH_NAME))
        again, nothing = asyncio.run(open_access(GatewayConfig(), store))
        assert nothing is None
        guard = Guard(application(auth.routes_of_auth()), again)
        body = f"username=admin&password={made}".encode()
        assert asyncio.run(ask(guard, "POST", LOGIN, body=body)).body == b"Ok."
        assert access is not again
    finally:
        store.close()


def basic(name: str, password: str) -> dict[str, str]:
    """The header with a name and a password."""
    return {"authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}
