"""One token of each role for the demo, in files of mode 0600 that only their owner can read.

A file that is there already is kept, so that a second run makes no new tokens. The operator's own token is not made here:
whoever starts the stack has it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx

from shared.kernel.errors import Refused
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.principal import Role, Side

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


async def write_tokens(front: str, operator_token: str, folder: Path) -> Mapping[str, str]:
    """The tokens by file name, made where they are missing. May raise `Refused`."""
    _keep(folder / "operator.token", operator_token)
    tokens = {"operator": operator_token}
    headers = {"Authorization": f"Bearer {operator_token}"}
    async with httpx.AsyncClient(base_url=front, headers=headers, timeout=30, trust_env=False) as client:
        for wanted in WANTED:
            path = folder / f"{wanted.file}.token"
            token = _kept(path)
            if token is None:
                token = await _issue(client, wanted)
                _keep(path, token)
            tokens[wanted.file] = token
    return tokens


async def _issue(client: httpx.AsyncClient, wanted: Wanted) -> str:
    wish = {"role": wanted.role, "area": wanted.area.model_dump(), "side": wanted.side, "label": f"demo {wanted.file}"}
    answer = await client.post("/v1/tokens", json=wish)
    found = cast("dict[str, Any]", answer.json() if answer.content else {})
    token: object = found.get("token")
    if not answer.is_success or not isinstance(token, str):
        raise Refused(
            str(found.get("slug", "no-token")),
            str(found.get("detail", "Không cấp được mã truy cập cho bản trình diễn.")),
            str(found.get("detail_en", "The demo's tokens could not be issued.")),
            status=answer.status_code,
        )
    return token


def _kept(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except FileNotFoundError:
        return None


def _keep(path: Path, token: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(token + "\n")
