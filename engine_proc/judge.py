"""`python -m engine_proc.judge`: reports which parts of a configuration an engine would refuse.

The process reads a `ConfigQuestion` as JSON from standard input. It writes a JSON object of keys and their problems to
standard output. The check of the sandbox enters the sandbox, so it needs a separate process.
"""

import sys
from pathlib import Path
from typing import Final

import msgspec

from engine_proc.libtorrent_adapter.libtorrent_settings import problems_of_settings
from engine_proc.process.sandbox import enter
from protocol.durable.resume_dir import ResumeDir
from protocol.host import utf8
from protocol.internal.config_question import ConfigQuestion

_QUESTION: Final = msgspec.json.Decoder(ConfigQuestion)


def main() -> None:
    """Reads the request, and writes the answer."""
    utf8.use_utf8_locale()
    question = _QUESTION.decode(sys.stdin.buffer.read())
    found = {f"engine.{name}": problem for name, problem in problems_of_settings(question.settings).items()}
    if question.sandbox == "require":
        refusal = enter(question.sandbox, question.roots, ResumeDir(Path(question.resume_dir))).refusal
        if refusal is not None:
            found["sandbox.mode"] = f"it is required, and not available: {refusal}"
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
