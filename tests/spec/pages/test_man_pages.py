"""The manual pages: everything is in them, and groff finds no fault."""

import re
import shutil
import subprocess

import pytest

from ouzel.cli.examples import EXAMPLES
from tools.spec.pages import man_pages

PAGES = {"ouzel": man_pages.client(), "ouzeld": man_pages.daemon()}


def test_each_command_is_in_the_page() -> None:
    """With its example."""
    text = PAGES["ouzel"].replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
    assert re.findall(r"(?m)^Example: \\fB(.*)\\fR$", text) == [
        EXAMPLES[words] for words in re.findall(r"(?m)^\.SS ouzel ([a-z -]+?)(?= [^a-z]|$)", text)
    ]
    assert len(re.findall(r"(?m)^\.SS ", text)) == len(EXAMPLES)


@pytest.mark.parametrize("name", PAGES)
def test_it_can_be_formatted(name: str) -> None:
    """Without warnings."""
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("no groff here")
    ran = subprocess.run([groff, "-man", "-Tutf8", "-ww"], input=PAGES[name].encode(), capture_output=True, check=True)
    assert not ran.stderr
    assert name.upper().encode() in ran.stdout
