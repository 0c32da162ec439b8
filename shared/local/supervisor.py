"""Keeps processes running: restarts one that dies, with growing pauses, and names it.

Guarantees that every change is told and published, and that `stop` ends all of them in the reverse order of their start.
Refuses to hide a death: the name, the reason and the new process id are said each time.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shared.local.process import Child, Launch
from shared.local.state import Member

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 30.0
Say = Callable[[str], None]


@dataclass(slots=True)
class _Watched:
    member: Member
    tier: int
    launch: Launch | None = None
    child: Child | None = None
    due: float | None = None
    falls: int = 0


class Supervisor:
    """The processes of a stack. `publish` is called after every change of state."""

    def __init__(self, say: Say, publish: Callable[[], None]) -> None:
        self._say = say
        self._publish = publish
        self._watched: list[_Watched] = []

    @property
    def members(self) -> list[Member]:
        """Everything that runs or is used, in the order of its start."""
        return [watched.member for watched in self._watched]

    def use(self, name: str, role: str, address: str) -> None:
        """Name a server that somebody else runs."""
        self._watched.append(_Watched(Member(name, role, address, None, "external"), tier=0))
        self._publish()

    def adopt(self, child: Child, *, role: str, address: str, tier: int) -> None:
        """Watch a process that is running. Higher tiers are stopped first."""
        member = Member(child.launch.name, role, address, child.pid, "running")
        self._watched.append(_Watched(member, tier, child.launch, child))
        self._publish()

    async def watch(self) -> None:
        """Restart what dies, until cancelled."""
        while True:
            for watched in self._watched:
                self._look_after(watched, time.monotonic())
            await asyncio.sleep(0.1)

    def _look_after(self, watched: _Watched, now: float) -> None:
        if watched.launch is None or watched.child is None:
            return
        code = watched.child.exit_code()
        if code is None:
            return
        member = watched.member
        if watched.due is None:
            watched.falls = 0 if watched.child.uptime() > STEADY_SECONDS else watched.falls
            pause = PAUSES[min(watched.falls, len(PAUSES) - 1)]
            watched.falls += 1
            watched.due = now + pause
            member.last_exit = describe(code)
            self._change(member, "restarting")
            self._say(
                f"{member.name} ({member.role}, pid {member.pid}) đã dừng / died: {member.last_exit}; {watched.launch.log}"
            )
        elif now >= watched.due:
            watched.due = None
            try:
                watched.child = Child(watched.launch)
            except OSError as failure:
                watched.due = now + PAUSES[-1]
                self._say(f"{member.name}: chưa khởi động lại được / could not be restarted: {failure}")
                return
            member.pid = watched.child.pid
            member.restarts += 1
            self._change(member, "running")
            self._say(f"{member.name} đã khởi động lại / restarted: pid {member.pid}")

    async def stop(self) -> None:
        """End everything: the front, then the services, then the servers that they use."""
        for tier in sorted({watched.tier for watched in self._watched}, reverse=True):
            await asyncio.gather(*(self._stop_one(watched) for watched in self._watched if watched.tier == tier))

    async def _stop_one(self, watched: _Watched) -> None:
        if watched.child is None:
            return
        await watched.child.stop()
        watched.launch = None
        self._change(watched.member, "stopped")

    def _change(self, member: Member, state: Literal["running", "restarting", "stopped"]) -> None:
        member.state = state
        self._publish()


def describe(code: int) -> str:
    """An exit code in words: `exit 3`, `SIGKILL`."""
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
