"""The operator of a campaign: looks at what every process says of itself (`/ready`), and does what it says. Nothing else.

The only thing that may be asked of a person at rest is to rebuild the views that had taken a record which was ruled out. A log
that is closed though its database was not restored, or is not open again after its recovery, is a violation.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from tests.system.world import World

_LOOK_SECONDS = 0.5


class Operator:
    """One campaign's."""

    def __init__(self, world: World, say: Callable[[str], None]) -> None:
        self._world = world
        self._say = say
        self.done: Counter[str] = Counter()

    async def all_green(self, seconds: float) -> list[str]:
        """Until no part of any process is red; in words what still is after so long."""
        deadline = time.monotonic() + seconds
        while red := await self._red():
            if time.monotonic() > deadline:
                return red
            for service in sorted({one.partition(".")[0] for one in red if "views rebuild" in one}):
                await self._rebuild(service)
            await asyncio.sleep(_LOOK_SECONDS)
        return []

    async def _red(self) -> list[str]:
        said = {name: await self._world.ready(name) for name in self._world.children}
        return [
            f"{name} {part}: {state.get('why')}"
            for name, ready in said.items()
            for part, state in (ready.get("parts") or {"process": {"ok": False, "why": "does not answer"}}).items()
            if not state["ok"]
        ]

    async def _rebuild(self, service: str) -> None:
        """A refusal is said; whatever made it shows in what stays red."""
        process = await self._world.begin(f"services.{service}", "views", "rebuild", "--spoiled")
        out, _ = await process.communicate()
        self.done[f"views rebuild --spoiled: {'done' if process.returncode == 0 else 'refused'}"] += 1
        words = " ".join(out.decode(errors="replace").split())
        self._say(f"    {service}: views rebuild --spoiled ended with {process.returncode}: {words[-700:]}")
