"""Reads the parameters of a request from the query and the form. The form has priority."""

from collections.abc import Iterator, Mapping
from typing import Final

from starlette.datastructures import UploadFile
from starlette.requests import Request

MAX_FIELDS: Final = 2_000
MAX_FILES: Final = 200
MAX_PART_BYTES: Final = 16 * 1024 * 1024
"""The maximum size of one text field, such as a list of hashes or URLs."""


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
    if request.method == "POST":
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_PART_BYTES) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files.append((value.filename or "", await value.read()))
                else:
                    values[name] = value
    return Fields(values, files)
