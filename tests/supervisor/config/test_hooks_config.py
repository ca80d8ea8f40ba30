from pathlib import Path

import pytest

from protocol.configuration.config_problem import InvalidConfig
from supervisor.config.config import Config, load


def loaded(directory: Path, text: str) -> Config:
    """The configuration with this text."""
    file = directory / "ouzel.toml"
    file.write_text(text)
    return load(file, {"OUZEL_PATHS_RUNTIME_DIR": "/run/o", "HOME": "/home/o"})


def refusal(directory: Path, text: str) -> str:
    """Why the text is refused."""
    with pytest.raises(InvalidConfig) as refused:
        loaded(directory, text)
    return str(refused.value)


def test_hooks_and_watch_folders_are_lists_of_tables(tmp_path: Path) -> None:
    """With defaults for what is not given."""
    config = loaded(
        tmp_path,
        """
        [[hooks.run]]
        events = ["completed", "error"]
        command = ["/bin/echo", "{name}"]
        [[hooks.post]]
        events = ["storage_moved"]
        url = "https://example.org:8443/path?key=secret"
        [[watch.folders]]
        path = "/srv/watch"
        labels = ["a"]
        """,
    )
    run, post = config.hooks.all
    assert (run.events, run.time_limit_s, run.name) == (["completed", "error"], 60.0, "/bin/echo")
    assert (post.time_limit_s, post.name) == (10.0, "https://example.org:8443")
    [folder] = config.watch.folders
    assert (folder.path, folder.save_path, folder.labels, folder.paused) == ("/srv/watch", None, ["a"], False)


RUN = '[[hooks.run]]\nevents = ["completed"]\n'
POST = '[[hooks.post]]\nevents = ["completed"]\n'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[[hooks.run]]\nevents = ["complete"]\ncommand = ["/bin/true"]', "hooks.run[0].events[0]"),
        ('[[hooks.run]]\nevents = []\ncommand = ["/bin/true"]', "hooks.run[0].events"),
        (RUN + "command = []", "hooks.run[0].command"),
        (RUN + 'command = ["true"]', "hooks.run[0].command[0]"),
        (RUN + 'command = ["/bin/echo", "{nam}"]', "hooks.run[0].command[1]"),
        (RUN + 'command = ["/bin/true"]\ntime_limit_s = 0', "hooks.run[0].time_limit_s"),
        (RUN + 'command = ["/bin/true"]\nshell = true', "shell"),
        (POST + 'url = "ftp://example.org/"', "hooks.post[0].url"),
        (POST + 'url = "http://"', "hooks.post[0].url"),
        (POST + 'url = "http://user:secret@host.example/"', "hooks.post[0].url"),
        (POST + 'url = "http://host.example/a b"', "hooks.post[0].url"),
        ('[[watch.folders]]\npath = "/w"\nlabels = [""]', "watch.folders[0].labels[0]"),
        (f'[[watch.folders]]\npath = "/w"\nlabels = {["l"] * 101}', "watch.folders[0].labels"),
        ('[[watch.folders]]\npath = "/w"\ncategory = ""', "watch.folders[0].category"),
        (POST + 'url = "http://[::1"', "hooks.post[0].url"),
        (POST + 'url = "http://example.org/"\nsecret_file = "secret"', "hooks.post[0].secret_file"),
        ('[[watch.folders]]\npath = "watch"', "watch.folders[0].path"),
        ('[[watch.folders]]\npath = "/w"\n[[watch.folders]]\npath = "/w/"', "watch.folders[1].path"),
        ('[[watch.folders]]\npath = "/w"\nsave_path = "here"', "watch.folders[0].save_path"),
        ("[[watch.folders]]\nlabels = []", "path"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, text: str, key: str) -> None:
    """By its place in the list."""
    assert key in refusal(tmp_path, text)
