"""What a command is: a wish in the imperative, checked at the edge for shape, in the decider for sense.

Unknown fields are refused, so that a typing mistake is never a silent loss. NaN and infinities are refused.
"""

from __future__ import annotations

from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict


class Command(BaseModel):
    """A wish that a service may refuse (lệnh). Subclasses name themselves: `class X(Command, type="clubs.found-club")`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)

    TYPE: ClassVar[str] = ""

    def __init_subclass__(cls, *, type: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.TYPE = type


def command_types(union: object) -> dict[str, type[Command]]:
    """The classes of a command union by their name on the wire."""
    if isinstance(union, type) and issubclass(union, Command):
        return {union.TYPE: union}
    return {name: cls for part in get_args(union) for name, cls in command_types(part).items()}
