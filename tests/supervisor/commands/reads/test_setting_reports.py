from protocol.wire.reports import SettingReport, SettingSource
from supervisor.commands.reads.setting_reports import setting_reports


def test_a_client_beats_the_file_and_that_the_default() -> None:
    """The default is reported in each case."""
    found = setting_reports(client={"a": 1}, configured={"a": 2, "b": 2}, defaults={"c": 3, "b": 3, "a": 3}, only=None)
    assert list(found) == ["a", "b", "c"]
    assert found == {
        "a": SettingReport(value=1, default=3, source=SettingSource.CLIENT),
        "b": SettingReport(value=2, default=3, source=SettingSource.FILE),
        "c": SettingReport(value=3, default=3, source=SettingSource.DEFAULT),
    }


def test_without_defaults_only_what_was_set_is_known() -> None:
    """Before the first engine is up, and for a setting that this libtorrent does not have."""
    found = setting_reports(client={"a": True}, configured={"b": ""}, defaults={})
    assert {name: (each.value, each.default) for name, each in found.items()} == {"a": (True, None), "b": ("", None)}


def test_some_settings_can_be_chosen() -> None:
    """Those that are not known are left out."""
    assert list(setting_reports(client={}, configured={"b": 1}, defaults={"a": 1}, only=["b", "x"])) == ["b"]


def test_a_password_is_hidden_wherever_it_was_set() -> None:
    """The default is empty, and shown."""
    for layer in ({"client": {"proxy_password": "x"}}, {"configured": {"proxy_password": "x"}}):
        found = setting_reports(**{"client": {}, "configured": {}, "defaults": {"proxy_password": ""}, **layer})
        assert (found["proxy_password"].value, found["proxy_password"].default) == ("(hidden)", "")
