"""Browsers that sign in to the reporting service, for tests: each with cookies of its own, through real links."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.kernel.place import PlaceRef
from shared.testing.apps import THANH_HOA, Running

TABLES = ("tokens", "links", "sessions")


def browser(service: Running, peer: str = "10.0.0.1") -> httpx.AsyncClient:
    """A browser of its own: keeps cookies, follows nothing by itself. `peer` is what the front would say of it."""
    transport = httpx.ASGITransport(app=service.app)
    return httpx.AsyncClient(transport=transport, base_url="http://service", headers={"lt-peer": peer})


async def token_of(service: Running, role: Any = "province", area: PlaceRef = THANH_HOA) -> str:
    return (await service.token(role, area))["Authorization"].removeprefix("Bearer ")


async def link_of(service: Running, token: str, **body: Any) -> dict[str, Any]:
    answer = await service.client.post("/v1/links", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def csrf_of(page: httpx.Response, action: str | None = None) -> str:
    """The csrf of the form of a page: of the last form if several are there."""
    forms = re.findall(r"<form method=\"post\"([^>]*)>\s*<input type=\"hidden\" name=\"csrf\" value=\"([^\"]*)\"", page.text)
    found = [value for attributes, value in forms if action is None or f'action="{action}"' in attributes]
    return found[-1]


async def redeem(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    page = await client.get(path)
    assert page.status_code == 200, page.text
    return await client.post(path, data={"csrf": csrf_of(page), **fields})


@asynccontextmanager
async def signed_in(service: Running, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(service) as client:
        assert (await redeem(client, (await link_of(service, token))["path"])).status_code == 303
        yield client


async def is_signed_in(client: httpx.AsyncClient) -> bool:
    answer = await client.get("/dang-nhap/dien-thoai")
    assert answer.status_code in {200, 303}
    return answer.status_code == 200


async def count(service: Running, table: str) -> int:
    async with service.pool.acquire() as connection:
        return await connection.fetchval(f"select count(*) from access.{table}")


async def everything(service: Running) -> bytes:
    """Every byte of every column of the tables of access, as text and as hexadecimal digits turned back."""
    found: list[bytes] = []
    async with service.pool.acquire() as connection:
        for table in TABLES:
            for row in await connection.fetch(f"select * from access.{table}"):
                found += [value if isinstance(value, bytes) else str(value).encode() for value in row.values()]
    return b"\n".join(found)
