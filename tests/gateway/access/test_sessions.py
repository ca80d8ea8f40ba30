"""Sessions: begin, find, time out, end."""

from gateway.access.sessions import Sessions


def test_a_session_is_found_by_its_secret_only() -> None:
    """Its key is the same each time."""
    sessions = Sessions(60)
    first, second = sessions.begin(0), sessions.begin(0)
    one, other = sessions.find(first, 1), sessions.find(second, 1)
    assert one is not None
    assert other is not None
    assert one.key != other.key
    assert sessions.find(first, 2) == one
    assert sessions.find(first[:-1], 2) is None
    assert first not in (one.key, other.key), "the key of a session may be shown, its secret not"


def test_an_idle_session_ends_and_a_used_one_does_not() -> None:
    """Each request begins the time anew."""
    sessions = Sessions(60)
    idle, used = sessions.begin(0), sessions.begin(0)
    assert sessions.find(used, 50) is not None
    assert sessions.find(used, 100) is not None
    assert sessions.find(idle, 100) is None
    assert len(sessions) == 1


def test_a_session_ends_with_the_logout() -> None:
    """A second logout changes nothing."""
    sessions = Sessions(60)
    secret = sessions.begin(0)
    sessions.end(secret)
    sessions.end(secret)
    assert sessions.find(secret, 1) is None


def test_the_number_of_sessions_is_bounded() -> None:
    """The session that was not used for the longest time ends."""
    sessions = Sessions(60, maximum=3)
    secrets = [sessions.begin(at) for at in range(3)]
    assert sessions.find(secrets[0], 3) is not None
    sessions.begin(4)
    assert [sessions.find(each, 5) is not None for each in secrets] == [True, False, True]
    assert len(sessions) == 3
