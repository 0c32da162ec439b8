"""What runs, where, and how far it is: every process of the stack, with the positions and the lag that services report.

A service's position is the number of events in its log; its lag the number of events, of all services, that are stored and that
its relay has not published or its slowest view has not passed. Guarantees an answer also when a process gives none, and that a
server is called well only if it answered just now: a process that is there proves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import httpx

from shared.kafka.probe import BrokerProbe
from shared.local.process import alive
from shared.local.state import DataDir, Member

Health = Mapping[str, Any]
_PATIENCE = 2.0
_SSL_REQUEST = (8).to_bytes(4) + (80_877_103).to_bytes(4)
"""PostgreSQL answers this before it asks who is there: yes or no, one byte."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One process and what it says of itself."""

    member: Member
    healthy: bool
    position: int | None
    lag: int | None
    health: Health | None

    @property
    def why(self) -> str | None:
        """Why a server is not well, if it is that."""
        said = (self.health or {}).get("why")
        return None if said is None else str(said)


@dataclass(frozen=True, slots=True)
class Status:
    """The whole stack. Not running: no standings, no front."""

    data_dir: str
    running: bool
    phase: str
    front: str | None
    supervisor: int | None
    kind: str
    standings: tuple[Standing, ...]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Why a service is not well, or what goes badly in it: its name with a sentence in both languages, the worst first."""
        found: list[tuple[str, str]] = []
        for standing in self.standings:
            parts: Mapping[str, Any] = (standing.health or {}).get("parts", {})
            found += [(standing.member.name, f"{name}: {_why(part)}") for name, part in parts.items() if not part.get("ok")]
        for standing in self.standings:
            found += [(standing.member.name, str(line)) for line in (standing.health or {}).get("degraded", ())]
        return found

    @property
    def healthy(self) -> bool:
        """Running, ready and every process well."""
        return self.running and self.phase == "ready" and all(standing.healthy for standing in self.standings)

    def to_json(self) -> dict[str, Any]:
        """As `clb status --json` prints it."""
        processes = [
            {**asdict(s.member), "healthy": s.healthy, "position": s.position, "lag": s.lag, "health": s.health}
            for s in self.standings
        ]
        return {
            "data_dir": self.data_dir,
            "running": self.running,
            "healthy": self.healthy,
            "phase": self.phase,
            "front": self.front,
            "supervisor": self.supervisor,
            "holds": self.kind,
            "processes": processes,
        }


def read_status(path: Path) -> Status:
    """Look now."""
    data = DataDir(path)
    kind, snapshot = data.remembered().kind, data.snapshot()
    if snapshot is None:
        return Status(str(path), running=False, phase="stopped", front=None, supervisor=None, kind=kind, standings=())
    standings = asyncio.run(_ask(snapshot.members))
    return Status(
        str(path),
        running=True,
        phase=snapshot.phase,
        front=snapshot.front,
        supervisor=snapshot.supervisor,
        kind=kind,
        standings=standings,
    )


async def _ask(members: list[Member]) -> tuple[Standing, ...]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        answers = await asyncio.gather(*(_ready(client, member) for member in members))
    stored = {
        member.name: position
        for member, (_, health) in zip(members, answers, strict=True)
        if (position := _position(health)) is not None
    }
    return tuple(
        Standing(member, healthy, _position(health), _lag(member.name, health, stored), health)
        for member, (healthy, health) in zip(members, answers, strict=True)
    )


async def _ready(client: httpx.AsyncClient, member: Member) -> tuple[bool, Health | None]:
    lives = member.state in ("running", "external") and (member.pid is None or alive(member.pid))
    if not member.address.startswith("http"):
        why = f"{member.state} {member.last_exit or ''}".strip() if not lives else await _why_not(member)
        return why is None, {"answers": why is None, "why": why}
    try:
        answer = await client.get(f"{member.address}/ready")
        return lives and answer.status_code == 200, cast("Health", answer.json())
    except (httpx.HTTPError, ValueError):
        return False, None


def _why(part: Mapping[str, Any]) -> str:
    return str(part.get("why") or "; ".join(part.get("red") or ()) or part.get("failure") or "-")


async def _why_not(member: Member) -> str | None:
    """None when a server answers now."""
    if member.role == "broker":
        return await BrokerProbe(member.address).why_not()
    host, _, rest = member.address.partition(":")
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(host, int(rest.partition("/")[0] or 5432))
            with contextlib.closing(writer):
                writer.write(_SSL_REQUEST)
                answer = await reader.read(1)
    except (OSError, TimeoutError, ValueError) as failure:
        return f"{type(failure).__name__} {failure}".strip()
    return None if answer in (b"S", b"N") else "no PostgreSQL"


def _log(health: Health | None) -> Health:
    found: Any = (health or {}).get("parts", {}).get("log", {})
    return found


def _position(health: Health | None) -> int | None:
    return _log(health).get("position")


def _lag(name: str, health: Health | None, stored: Mapping[str, int]) -> int | None:
    log = _log(health)
    if not log:
        return None
    views: list[Mapping[str, int]] = list(log["read"].values())
    behind = [sum(max(0, stored.get(source, passed) - passed) for source, passed in view.items()) for view in views]
    return max([stored[name] - log["published"], *behind])
