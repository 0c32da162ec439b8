"""A place as it is written down: a code and the list that the code is from.

On 1 July 2025 seven province codes and 2,183 commune codes began to mean another place, so a code alone says nothing.
List `63` is the one in force until 30 June 2025, list `34` the one from 1 July 2025. Whether a code is in its list, and
where it lies on the other map, is for `shared.reference` to say.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, StringConstraints

MapName = Literal["63", "34"]
PlaceCode = Annotated[str, StringConstraints(pattern=r"^(VN|\d{2}|\d{5})$")]


class PlaceRef(BaseModel, frozen=True, extra="forbid"):
    """(mã, danh mục): `VN` the nation, two digits a province, five a commune (xã, phường, thị trấn, đặc khu)."""

    code: PlaceCode
    list: MapName

    @property
    def key(self) -> str:
        """`34:00004`; the nation is `VN` on both maps."""
        return "VN" if self.code == "VN" else f"{self.list}:{self.code}"

    @property
    def level(self) -> Literal["nation", "province", "commune"]:
        """How large the place is, by the length of its code."""
        return "nation" if self.code == "VN" else "province" if len(self.code) == 2 else "commune"

    @classmethod
    def parse(cls, key: str) -> PlaceRef:
        """From `34:00004` or `VN`. May raise `ValueError`."""
        return _parsed(key)


NATION = PlaceRef(code="VN", list="34")


@lru_cache(maxsize=65_536)
def _parsed(key: str) -> PlaceRef:
    """The place of a key, made once: answers name the same few thousand places again and again."""
    if key == "VN":
        return NATION
    list_, _, code = key.partition(":")
    if list_ == "63":
        return PlaceRef(code=code, list="63")
    if list_ == "34":
        return PlaceRef(code=code, list="34")
    raise ValueError(f"not a place: {key!r}; write the list and the code, such as 34:00004")
