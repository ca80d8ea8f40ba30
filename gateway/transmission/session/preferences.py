"""The methods `session-get` and `session-set`."""

from typing import Any

from gateway.transmission.arguments import Arguments, texts
from gateway.transmission.face import Face
from gateway.transmission.session import state
from gateway.transmission.session.table import PREFERENCES


async def session_get(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Returns the preferences in `fields`. Without `fields`, returns all preferences."""
    asked = texts(arguments, "fields")
    names = PREFERENCES if not asked else [name for name in asked if name in PREFERENCES]
    found = await state.read(face)
    return {name: PREFERENCES[name].read(found) for name in names}


async def session_set(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Changes preferences. Ignores preferences that cannot be changed."""
    change = state.Change(await state.read(face, fresh=True))
    for name in arguments:
        preference = PREFERENCES.get(name)
        if preference is not None and preference.write is not None:
            preference.write(change, arguments, name)
    await state.apply(change)
    return {}
