from pathlib import Path
from typing import Final

import pytest
import zmq.auth
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.key_file import MAX_BYTES, KeyFile, Role, is_key, is_name, parse, public_file, secret_file

PUBLIC: Final = ":V$<r8C]IB[>7sXlbwLO&?L-K0>/Bc5<l^i?]TtS"
SECRET: Final = "846Lr5?J3P.exy7/])r/ggOV9F8L:{p.cf4aEK(e"
"""A key pair that is used nowhere else."""


@pytest.mark.parametrize("role", [Role.READ, Role.ADMIN, None])
def test_what_is_written_is_read(role: Role | None) -> None:
    """Both halves, and the role in a client's file."""
    assert parse(public_file("me", PUBLIC, role).encode()) == KeyFile(PUBLIC, None, role)
    assert parse(secret_file("me", PUBLIC, SECRET, role).encode()) == KeyFile(PUBLIC, SECRET, role)


def test_zeromqs_own_tools_read_them(tmp_path: Path) -> None:
    """They are certificates in the form of pyzmq and CZMQ."""
    file = tmp_path / "me.key_secret"
    file.write_text(secret_file("me", PUBLIC, SECRET, Role.READ))
    assert zmq.auth.load_certificate(file) == (PUBLIC.encode(), SECRET.encode())


def test_those_of_zeromqs_tools_are_read(tmp_path: Path) -> None:
    """They have no role."""
    public, secret = zmq.auth.create_certificates(tmp_path, "theirs")
    assert parse(Path(secret).read_bytes())[:2] == tuple(
        each.decode() if each else None for each in zmq.auth.load_certificate(secret)
    )
    assert parse(Path(public).read_bytes()).role is None


@given(st.binary(max_size=200) | st.text(alphabet="publicsecret-key= \"'\n#role\0", max_size=200).map(str.encode))
def test_anything_else_is_one_error(content: bytes) -> None:
    """The message says what is wrong, and contains no key."""
    with pytest.raises(ValueError, match=r"."):
        parse(content)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("curve\n", "no public-key"),
        ('public-key = "short"', "public-key is not 40"),
        (f'public-key = "{PUBLIC}"\nsecret-key = "x"', "secret-key is not 40"),
        (f'public-key = "{PUBLIC}"\npublic-key = "{PUBLIC}"', "public-key is in it twice"),
        (f'public-key = "{PUBLIC}"\nrole = "root"', 'role is "root"'),
        (f'public-key = "{PUBLIC}" and more', "a line of it"),
        ("#" * (MAX_BYTES + 1), f"more than {MAX_BYTES}"),
    ],
)
def test_what_is_wrong_is_named(content: str, problem: str) -> None:
    """For a person who has written the file by hand."""
    with pytest.raises(ValueError, match=problem):
        parse(content.encode())


def test_names_are_names_of_files() -> None:
    """They contain no directory and no newline."""
    assert all(is_name(name) for name in ("a", "laptop-2", "me@home.example", "9_"))
    assert not any(is_name(name) for name in ("", ".", "..", "../x", "a/b", "a b", "a\n", "-a", "x" * 65))
    assert is_key(PUBLIC)
    assert not is_key(PUBLIC + "\n")
