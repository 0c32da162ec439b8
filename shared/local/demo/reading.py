"""Waits until the ledger has read what was recorded: the table that follows must show the whole country."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import httpx

PATIENCE = 900.0


async def until_read(front: str, heads: Mapping[tuple[str, int], int], say: Callable[[str], None]) -> bool:
    """Whether the ledger has passed these positions; says every few seconds how many events are still to be read."""
    deadline, told = time.monotonic() + PATIENCE, time.monotonic()
    async with httpx.AsyncClient(base_url=front, timeout=30, trust_env=False) as client:
        while True:
            behind = _behind(await _sources(client), heads)
            if not behind:
                return True
            if time.monotonic() > deadline:
                say(f"Số liệu còn thiếu {behind:,} sự kiện / the figures are still {behind:,} events behind")
                return False
            if time.monotonic() - told > 5:
                told = time.monotonic()
                say(f"  số liệu còn {behind:,} sự kiện phải đọc / events to be read")
            await asyncio.sleep(0.2)


async def _sources(client: httpx.AsyncClient) -> dict[str, Any]:
    try:
        answer = await client.get("/v1/positions")
        return cast("dict[str, Any]", answer.json()["sources"]) if answer.is_success else {}
    except (httpx.TransportError, ValueError, KeyError):
        return {}


def _behind(sources: Mapping[str, Any], heads: Mapping[tuple[str, int], int]) -> int:
    return sum(
        max(0, position - int(sources.get(source, {}).get("lanes", {}).get(str(lane), 0)))
        for (source, lane), position in heads.items()
    )
