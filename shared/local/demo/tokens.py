"""One token of each role for the demo, in the data directory's files of mode 0600 that only their owner can read.

A file that is there already is kept, so that a second run makes no new tokens. The operator's own is made with the directory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx

from shared.kernel.errors import Refused
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.principal import Role, Side
from shared.local.token_files import operator_token, read_token, write_token

THANH_HOA = PlaceRef(code="38", list="34")
THIEU_TRUNG = PlaceRef(code="15835", list="34")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token of the demo: the name of its file, and what it may do."""

    file: str
    role: Role
    area: PlaceRef
    side: Side


WANTED = (
    Wanted("centre", "centre", NATION, "state"),
    Wanted("centre-association", "centre", NATION, "association"),
    Wanted("province", "province", THANH_HOA, "association"),
    Wanted("province-state", "province", THANH_HOA, "state"),
    Wanted("commune", "commune", THIEU_TRUNG, "association"),
    Wanted("reader", "reader", THANH_HOA, "association"),
)


async def write_tokens(front: str, data_dir: Path) -> Mapping[str, str]:
    """The tokens by file name, made where they are missing. May raise `Refused`."""
    operator = await asyncio.to_thread(operator_token, data_dir)
    tokens = {"operator": operator}
    headers = {"Authorization": f"Bearer {operator}"}
    async with httpx.AsyncClient(base_url=front, headers=headers, timeout=30, trust_env=False) as client:
        for wanted in WANTED:
            token = await asyncio.to_thread(read_token, data_dir, wanted.file)
            if token is None:
                token = await _issue(client, wanted)
                await asyncio.to_thread(write_token, data_dir, wanted.file, token)
            tokens[wanted.file] = token
    return tokens


async def _issue(client: httpx.AsyncClient, wanted: Wanted) -> str:
    wish = {"role": wanted.role, "area": wanted.area.model_dump(), "side": wanted.side, "label": f"demo {wanted.file}"}
    answer = await client.post("/v1/tokens", json=wish)
    try:
        found = cast("dict[str, Any]", answer.json())
    except ValueError:
        found = {}
    token: object = found.get("token")
    if not answer.is_success or not isinstance(token, str):
        raise Refused(
            str(found.get("slug", "no-token")),
            str(found.get("detail", "Không cấp được mã truy cập cho bản trình diễn.")),
            str(found.get("detail_en", "The demo's tokens could not be issued.")),
            status=answer.status_code,
        )
    return token
