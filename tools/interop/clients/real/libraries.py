"""Programs of Python libraries: a script per step, in the library's venv."""

import json
from collections.abc import Callable
from typing import Any

from tools.interop.clients.play import Scene


def scripted(scene: Scene, preamble: str, **values: str) -> Callable[[str], Any]:
    """Returns a function that evaluates an expression, or runs statements that assign `answer`, in the venv.

    Args:
        preamble: statements that come first. `values` are filled in.
    """
    first = preamble.format(port=scene.stage.port, **values)

    def run(script: str) -> Any:
        last = "" if "answer = " in script else "answer = "
        said = scene.stage.run([scene.venv.python, "-c", f"{first}\n{last}{script}\nprint(json.dumps(answer))"])
        return json.loads(said.splitlines()[-1])

    return run
