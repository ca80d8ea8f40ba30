"""`scripts/spec`: writes the generated files, or reports which of them are stale."""

import sys

import typer

from tools.spec import files


def main(
    check: bool = typer.Option(False, "--check", help="write nothing; report what is stale, and exit 1 if anything is"),
) -> None:
    """Generate docs/protocol.md's tables and examples, docs/schema and tests/vectors from the typed messages."""
    found = files.stale()
    if not check:
        files.write()
    for path in found:
        sys.stdout.write(f"{path}: {'is stale; scripts/spec writes it' if check else 'written'}\n")
    if check and found:
        raise typer.Exit(1)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(main)

if __name__ == "__main__":
    app(prog_name="scripts/spec")
