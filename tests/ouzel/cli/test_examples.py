"""Each command has an example, which is right."""

import shlex
from typing import Any

import pytest
import typer

from ouzel.cli import examples
from ouzel.cli.main import app


def test_each_command_has_an_example() -> None:
    """Of its own, and no other has one."""
    assert [words for words, _ in examples.commands(app)] == sorted(
        examples.EXAMPLES, key=[words for words, _ in examples.commands(app)].index
    )


@pytest.mark.parametrize("words", examples.EXAMPLES)
def test_an_example_is_a_call_of_its_command(words: str) -> None:
    """It is parsed without an error, and the help shows it."""
    program, *arguments = shlex.split(examples.EXAMPLES[words])
    assert program == "ouzel"
    command: Any = typer.main.get_command(app)
    for word in words.split():
        assert arguments.pop(0) == word
        command = command.commands[word]
    context = command.make_context(words, arguments)
    assert f"Example: {examples.EXAMPLES[words]}" in command.epilog
    context.close()
