"""The environment of the program that judges the configuration."""

from ouzel.doctor.checks import configuration


def test_only_variables_of_the_configuration_are_taken_from_the_daemon() -> None:
    """If root runs the command, the daemon's user must not choose what root loads."""
    daemon = {"OUZEL_PATHS_STATE_DIR": "/s", "HOME": "/h", "XDG_STATE_HOME": "/x", "LC_ALL": "C.UTF-8", "LANG": "C"}
    others = {"LD_PRELOAD": "/tmp/evil.so", "PATH": "/tmp", "PYTHONPATH": "/tmp", "LOCPATH": "/tmp"}
    assert configuration.configuring(daemon | others) == daemon
