"""The real four services and the front before them in one process, and commands to send them."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

import httpx

from shared.kernel.place import NATION, PlaceRef
from shared.testing.apps import Running
from shared.web.front import create_front

OPERATOR = "lt_operator-of-the-test"


class System:
    """Four services and the front before them, in one process."""

    def __init__(self, services: dict[str, Running], operator: dict[str, str]) -> None:
        self.services = services
        self.operator = operator
        self.clients = {name: service.client for name, service in services.items()}
        self.front = self.before(self.clients)

    def before(self, clients: dict[str, httpx.AsyncClient]) -> httpx.AsyncClient:
        """A client of a front before these services."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=create_front(clients)), base_url="http://front")

    async def token(self, role: str = "centre", area: PlaceRef = NATION) -> dict[str, str]:
        wish = {"role": role, "area": area.model_dump(), "side": "association"}
        answer = await self.front.post("/v1/tokens", json=wish, headers=self.operator)
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    async def stored(self) -> int:
        """How many events all four services have."""
        return sum([sum(h.position for h in (await s.heads()).values()) for s in self.services.values()])


class Down(httpx.AsyncBaseTransport):
    """Nobody listens there."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)


def without(system: System, name: str) -> httpx.AsyncClient:
    return system.before({**system.clients, name: httpx.AsyncClient(transport=Down(), base_url="http://nobody")})


async def raw_get(app: Any, raw: bytes, token: dict[str, str]) -> int:
    """The status of a GET whose path is spelled byte by byte, as no well-behaved client would."""
    headers = [(name.lower().encode(), value.encode()) for name, value in token.items()]
    scope = {"type": "http", "method": "GET", "path": unquote_to_bytes(raw).decode(), "raw_path": raw, "query_string": b"",
             "headers": headers, "scheme": "http", "server": ("front", 80), "http_version": "1.1"}  # fmt: skip
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    await app(scope, receive, send)
    return statuses[0]


def found(name: str = "CLB", **more: Any) -> dict[str, Any]:
    commune = {"code": "15835", "list": "34"}
    return {"type": "clubs.found-club", "data": {"name": name, "commune": commune, "founded_on": "2024-03-01"}, **more}


def planned(**more: Any) -> dict[str, Any]:
    data = {"title": "Đợt 1", "organiser": "association-centre", "level": "national", "kind": "first-course", "contents": [],
            "starts_on": "2025-03-01", "ends_on": "2025-03-03", "place": {"code": "VN", "list": "34"}}  # fmt: skip
    return {"type": "trainings.plan-training", "data": data, **more}


def targeted(**more: Any) -> dict[str, Any]:
    data = {"scheme": "1336", "indicator": "clubs-new", "area": {"code": "VN", "list": "34"}, "period_from": "2020-08-31",
            "period_to": "2025-12-31", "low": 3000, "source": "QĐ 1336"}  # fmt: skip
    return {"type": "monitoring.set-target", "data": data, **more}
