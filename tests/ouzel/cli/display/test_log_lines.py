from ouzel.cli.display.log_lines import log_line
from protocol.wire.log.log_results import LogRow


def test_a_line_has_its_component_and_fields() -> None:
    """No value can look like another field."""
    row = LogRow(
        number=1,
        time_us=1_795_368_000_000_000,
        level="warning",
        component="engine",
        event="move_delayed",
        fields={"torrent": "aa", "problem": "no disk", "gen": 2, "name": "x=y", "empty": "", "list": ["a"]},
    )
    shown = log_line(row).split(" ", 2)[2]
    assert shown == ('warning engine: move_delayed torrent=aa problem="no disk" gen=2 name="x=y" empty="" list=["a"]')
