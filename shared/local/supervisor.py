"""Keeps processes running: restarts one that dies, with growing pauses, and names it.

Guarantees that every change is told and published, and that `stop` ends all of them in the reverse order of their start. A
process that needs more than its program (`Care`) is prepared anew each time, and is called running only when it works.
Refuses to hide a death: the name, the reason and the new process id are said each time.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeGuard

from shared.kernel.errors import Refused
from shared.local.process import Child, Launch
from shared.local.state import Member

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 30.0
Say = Callable[[str], None]


class Care(Protocol):
    """What a process needs beside its program when it is started again."""

    def prepare(self) -> Launch:
        """Put in order what it stands on, and say how it is started. Blocks; may raise `Refused`."""
        ...

    async def works(self, child: Child) -> None:
        """Return when it does its work again. May raise anything: it is looked at again while it lives."""
        ...


@dataclass(slots=True)
class _Watched:
    member: Member
    tier: int
    launch: Launch | None = None
    child: Child | None = None
    due: float | None = None
    falls: int = 0
    care: Care | None = None
    restarting: asyncio.Task[None] | None = None


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

    def adopt(self, child: Child, *, role: str, address: str, tier: int, care: Care | None = None) -> None:
        """Watch a process that is running. Higher tiers are stopped first."""
        member = Member(child.launch.name, role, address, child.pid, "running")
        self._watched.append(_Watched(member, tier, child.launch, child, care=care))
        self._publish()

    async def watch(self) -> None:
        """Restart what dies, until cancelled."""
        try:
            while True:
                for watched in self._watched:
                    self._look_after(watched, time.monotonic())
                await asyncio.sleep(0.1)
        finally:
            for watched in self._watched:
                if watched.restarting is not None:
                    watched.restarting.cancel()

    def _look_after(self, watched: _Watched, now: float) -> None:
        if watched.launch is None or watched.child is None or _busy(watched.restarting):
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
            if watched.care is None:
                if self._start_again(watched):
                    self._change(member, "running")
            else:
                watched.restarting = asyncio.create_task(self._with_care(watched, watched.care))

    def _start_again(self, watched: _Watched) -> bool:
        member = watched.member
        if watched.launch is None:
            return False
        try:
            watched.child = Child(watched.launch)
        except OSError as failure:
            self._not_now(watched, failure)
            return False
        member.pid = watched.child.pid
        member.restarts += 1
        self._say(f"{member.name} đã khởi động lại / restarted: pid {member.pid}")
        return True

    async def _with_care(self, watched: _Watched, care: Care) -> None:
        """Prepared, started, and called running when it works. What dies before that is restarted like any other."""
        try:
            watched.launch = await asyncio.to_thread(care.prepare)
        except (OSError, Refused) as failure:
            self._not_now(watched, failure)
            return
        if not self._start_again(watched):
            return
        self._publish()
        child = watched.child
        while child is not None and child.exit_code() is None:
            try:
                await care.works(child)
            except Exception as failure:  # noqa: BLE001  whatever it is, the process is looked at again or has died
                if child.exit_code() is None:
                    self._say(f"{watched.member.name}: chưa làm việc lại / does not work yet: {failure}")
                await asyncio.sleep(PAUSES[2])
            else:
                self._change(watched.member, "running")
                return

    def _not_now(self, watched: _Watched, failure: Exception) -> None:
        watched.due = time.monotonic() + PAUSES[-1]
        self._say(f"{watched.member.name}: chưa khởi động lại được / could not be restarted: {failure}")

    async def stop(self) -> None:
        """End everything: the front, then the services, then the servers that they use."""
        for tier in sorted({watched.tier for watched in self._watched}, reverse=True):
            await asyncio.gather(*(self._stop_one(watched) for watched in self._watched if watched.tier == tier))

    async def _stop_one(self, watched: _Watched) -> None:
        if _busy(watched.restarting):
            watched.restarting.cancel()
            await asyncio.gather(watched.restarting, return_exceptions=True)
        if watched.child is None:
            return
        await watched.child.stop()
        watched.launch = None
        self._change(watched.member, "stopped")

    def _change(self, member: Member, state: Literal["running", "restarting", "stopped"]) -> None:
        member.state = state
        self._publish()


def _busy(task: asyncio.Task[None] | None) -> TypeGuard[asyncio.Task[None]]:
    return task is not None and not task.done()


def describe(code: int) -> str:
    """An exit code in words: `exit 3`, `SIGKILL`."""
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
