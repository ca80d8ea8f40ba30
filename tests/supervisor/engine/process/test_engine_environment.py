from supervisor.engine.process.engine_environment import ALLOWED, engine_environment


def test_what_is_not_named_stays_behind() -> None:
    """Neither code to load nor secrets reach the engine."""
    others = ("HOME", "LD_PRELOAD", "OPENSSL_CONF", "OUZEL_KEY", "PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP")
    assert engine_environment(dict.fromkeys(others, "/x")) == {"LC_ALL": "C.UTF-8"}


def test_what_is_named_is_given_as_it_is() -> None:
    """Whatever its bytes are."""
    assert engine_environment(dict.fromkeys(ALLOWED, "\udcff")) == {
        **dict.fromkeys(ALLOWED, "\udcff"),
        "LC_ALL": "C.UTF-8",
    }


def test_the_locale_is_ouzel_s() -> None:
    """Whatever the supervisor's is."""
    given = {"LANG": "de_DE@euro", "LC_ALL": "C", "LC_CTYPE": "POSIX", "LANGUAGE": "de"}
    assert engine_environment(given) == {"LC_ALL": "C.UTF-8"}


def test_libraries_come_from_absolute_directories_only() -> None:
    """An empty entry would mean the current directory."""
    assert engine_environment({"LD_LIBRARY_PATH": "/a::lib:/b:."})["LD_LIBRARY_PATH"] == "/a:/b"
    assert "LD_LIBRARY_PATH" not in engine_environment({"LD_LIBRARY_PATH": ".:"})
