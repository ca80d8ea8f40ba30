"""`[hooks]`: programs and HTTP requests on events."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from protocol.configuration.config_section import Section
from supervisor.config import placeholders

HookEvent = Literal["completed", "file_completed", "error", "storage_moved"]
"""The types of lifecycle events that have hooks."""

Events = Annotated[list[HookEvent], msgspec.Meta(min_length=1)]


class RunHook(Section, frozen=True, kw_only=True, tag="run", tag_field="kind"):
    """`[[hooks.run]]`: a program that is run on events, without a shell.

    Fields:
        events: the types of events.
        command: the absolute path of the program, and its arguments. Arguments may have placeholders.
        time_limit_s: the time limit of the program. After that time, the program is killed.
    """

    events: Events
    command: Annotated[list[str], msgspec.Meta(min_length=1)]
    time_limit_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 60.0

    @property
    def name(self) -> str:
        """The name in the log and in health."""
        return self.command[0]


class PostHook(Section, frozen=True, kw_only=True, tag="post", tag_field="kind"):
    """`[[hooks.post]]`: an HTTP POST of a JSON object on events. After a temporary failure, the POST is repeated.

    Fields:
        events: the types of events.
        url: an http or https URL.
        secret_file: the absolute path of a file with a shared secret. The secret signs each body.
        time_limit_s: the time limit of one attempt.
    """

    events: Events
    url: str
    secret_file: str | None = None
    time_limit_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0

    @property
    def name(self) -> str:
        """The name in the log and in health. It is the URL without the parts that may be secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


Hook = RunHook | PostHook


class HooksConfig(Section, frozen=True, kw_only=True):
    """`[hooks]`.

    Fields:
        run: programs.
        post: HTTP requests.
    """

    run: list[RunHook] = []
    post: list[PostHook] = []

    @property
    def all(self) -> list[Hook]:
        """All hooks, in the order of the file."""
        return [*self.run, *self.post]


def check(hooks: HooksConfig) -> Iterator[tuple[str, str]]:
    """Yields pairs of a key and its problem."""
    for index, run in enumerate(hooks.run):
        key = f"hooks.run[{index}].command"
        for number, argument in enumerate(run.command):
            if "\0" in argument:
                yield f"{key}[{number}]", "has a null character"
            elif number == 0 and not Path(argument).is_absolute():
                yield f"{key}[0]", f"{argument!r} is not an absolute path; no shell looks for the program"
            elif number > 0 and (found := placeholders.problem(argument)) is not None:
                yield f"{key}[{number}]", found
    for index, post in enumerate(hooks.post):
        if not _is_http(post.url):
            yield f"hooks.post[{index}].url", f"{post.url!r} is not an http or https URL in ASCII without spaces"
        elif "@" in urlsplit(post.url).netloc:
            yield f"hooks.post[{index}].url", "has a user or password, which are not sent; use a secret_file"
        if post.secret_file is not None and ("\0" in post.secret_file or not Path(post.secret_file).is_absolute()):
            yield f"hooks.post[{index}].secret_file", f"{post.secret_file!r} is not an absolute path"


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        plain = url.isascii() and url.isprintable() and " " not in url
        return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
