"""Reads the parameters of a request from the query and the form. The form has priority."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_FIELDS: Final = 2_000
MAX_FILES: Final = 200
MAX_PART_BYTES: Final = 16 * 1024 * 1024
"""The maximum size of one text field, such as a list of hashes or URLs, and of all fields of an encoded form."""
AT_ONCE_BYTES: Final = 64 * 1024
"""A larger encoded form is decoded on a thread, since that may take seconds."""
_ENCODED: Final = "application/x-www-form-urlencoded"


class Fields(Mapping[str, str]):
    """The text parameters by name, and the uploaded files in order."""

    def __init__(self, values: dict[str, str], files: list[tuple[str, bytes]]) -> None:
        self._values = values
        self.files = files

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


async def fields_of(request: Request) -> Fields:
    """Reads the query, and the form of a POST. If a parameter is repeated, the last value counts."""
    values = dict(request.query_params)
    files: list[tuple[str, bytes]] = []
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and kind == _ENCODED:
        body = await request.body()
        values |= await asyncio.to_thread(_decoded, body) if len(body) > AT_ONCE_BYTES else _decoded(body)
    elif request.method == "POST":
        try:
            await _read_parts(request, values, files)
        except UnicodeError as error:  # the client chooses the charset
            raise HTTPException(400, "The form is not text of its charset") from error
    return Fields(values, files)


async def _read_parts(request: Request, values: dict[str, str], files: list[tuple[str, bytes]]) -> None:
    """Adds the parts of a form. Some charsets can encode surrogates, which are not valid text."""
    async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_PART_BYTES) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files.append((_text(value.filename or ""), await value.read()))
            else:
                values[_text(name)] = _text(value)


def _decoded(body: bytes) -> dict[str, str]:
    """The fields of an encoded form. Raises HTTPException."""
    if len(body) > MAX_PART_BYTES:
        raise HTTPException(413, f"The form has more than {MAX_PART_BYTES} bytes")
    try:
        text = body.decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise HTTPException(400, f"The form has more than {MAX_FIELDS} fields") from error


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode()
