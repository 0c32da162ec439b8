"""Who speaks: a role, an area and a side (bên). No names of people: a token's id stands for its holder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.kernel.place import NATION, PlaceRef

Role = Literal["commune", "province", "centre", "operator", "reader"]
Side = Literal["state", "association"]


@dataclass(frozen=True, slots=True)
class Principal:
    """The bearer of a token. `commune` and `province` act in their area, `centre` for the nation (Bộ, Trung ương Hội).

    `operator` runs the system (tokens, simulated clock) and writes no figures of clubs; `reader` only reads its area.
    """

    token: str
    role: Role
    area: PlaceRef
    side: Side

    @property
    def actor(self) -> str:
        """The form that an event keeps: `role/side/area/token id`, e.g. `province/association/34:38/t-9f2c`."""
        return f"{self.role}/{self.side}/{self.area.key}/{self.token}"


def parse_actor(actor: str) -> Principal:
    """The principal behind an event's actor text. May raise `ValueError`."""
    role, side, area, token = actor.split("/", 3)
    if role not in ("commune", "province", "centre", "operator", "reader") or side not in ("state", "association"):
        raise ValueError(f"not an actor: {actor!r}")
    return Principal(token, role, PlaceRef.parse(area), side)


CENTRE = Principal("policy", "centre", NATION, "state")
"""A policy (chính sách tự động) acts in the service's own name, for the whole nation."""
