"""What runs, where, and how far it is: every process of the stack, with the positions and the lag that services report.

Guarantees an answer also when a process does not; such a one is shown as silent. Refuses nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import httpx

from shared.local.process import alive
from shared.local.state import DataDir, Member


@dataclass(frozen=True, slots=True)
class Standing:
    """One process and what it says of itself."""

    member: Member
    healthy: bool
    position: int | None
    lag: int | None
    health: dict[str, Any] | None


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
        return tuple(await asyncio.gather(*(_stand(client, member) for member in members)))


async def _stand(client: httpx.AsyncClient, member: Member) -> Standing:
    lives = member.state in ("running", "external") and (member.pid is None or alive(member.pid))
    if not member.address.startswith("http"):
        return Standing(member, lives, None, None, None)
    try:
        answer = await client.get(f"{member.address}/health")
        health = cast("dict[str, Any]", answer.json())
    except (httpx.HTTPError, ValueError):
        return Standing(member, healthy=False, position=None, lag=None, health=None)
    return Standing(member, lives and answer.status_code == 200, position_of(health), lag_of(health), health)


def position_of(health: dict[str, Any]) -> int | None:
    """The number of events in the service's own log, if it says so."""
    position = health.get("position")
    return position if isinstance(position, int) else None


def lag_of(health: dict[str, Any]) -> int | None:
    """The events that its relay has not published and its views have not seen, if it says so."""
    lag = health.get("lag")
    return lag if isinstance(lag, int) else None
