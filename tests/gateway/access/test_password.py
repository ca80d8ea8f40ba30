"""Passwords and their hashes."""

import asyncio

import pytest

from gateway.access import password
from gateway.access.password import Credentials, InvalidHash


def test_a_hash_matches_its_password_only() -> None:
    """Also a password that is not UTF-8 has one."""
    wanted = password.hashed("grün\udc80")
    assert password.matches("grün\udc80", wanted)
    assert not password.matches("gruen", wanted)
    assert wanted != password.hashed("grün\udc80"), "the salt is random"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "adminadmin",
        "scrypt$16384$8$1$!$!",
        "md5$1$1$1$YQ==$YQ==",
        "scrypt$x$8$1$YQ==$YQ==",
        "scrypt$0$8$1$YQ==$YQ==",
    ],
)
def test_what_is_no_hash_is_refused(text: str) -> None:
    """The error is InvalidHash."""
    with pytest.raises(InvalidHash):
        password.check_hash(text)


def test_a_hash_that_would_take_all_memory_is_refused() -> None:
    """The configuration may come from elsewhere."""
    with pytest.raises(InvalidHash):
        password.check_hash("scrypt$1048576$64$1$YQ==$YQ==")


def test_name_and_password_have_to_be_right() -> None:
    """Letter case and spaces count."""

    async def checks() -> list[bool]:
        given = Credentials("admin", "secret", None)
        return [
            await given.check(*pair)
            for pair in (
                ("admin", "secret"),
                ("Admin", "secret"),
                ("admin", "secret "),
                ("", ""),
                ("a" * 5000, "secret"),
            )
        ]

    assert asyncio.run(checks()) == [True, False, False, False, False]


def test_a_right_password_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong one each time."""
    wanted = password.hashed("secret")
    hashes: list[str] = []

    def matches(given: str, _: str) -> bool:
        hashes.append(given)
        return given == "secret"

    monkeypatch.setattr(password, "matches", matches)

    async def checks() -> list[bool]:
        given = Credentials("admin", None, wanted)
        guesses = ("no", "secret", "secret", "secret", "no")
        return [given.known("admin", each) or await given.check("admin", each) for each in guesses]

    assert asyncio.run(checks()) == [False, True, True, True, False]
    assert hashes == ["no", "secret", "no"]


def test_a_known_password_of_another_name_is_wrong() -> None:
    """Both are compared, whichever is wrong."""
    given = Credentials("admin", "secret", None)
    assert given.known("admin", "secret")
    assert not given.known("root", "secret")


def test_without_any_password_nobody_gets_in() -> None:
    """The empty password is wrong."""
    assert not asyncio.run(Credentials("admin", None, None).check("admin", ""))


def test_made_passwords_differ() -> None:
    """They are random."""
    assert len({password.made() for _ in range(100)}) == 100
