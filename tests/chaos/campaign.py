"""A campaign: the real stack of processes under random kills, while a client sends commands and keeps its own ledger.

Every minute or so the faults stop, everything is started, and once it has come to rest everything is checked; then it goes on.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import asyncpg
import httpx

from shared.kernel.errors import Refused
from tests.chaos.checks import Topics, check
from tests.chaos.client import Client
from tests.chaos.nemesis import Nemesis
from tests.system.world import SERVICES, World

_CLIENTS = 3
_REST_SECONDS = 150


@dataclass
class Result:
    """What a campaign has done and found."""

    seed: int
    minutes: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    ended_by_themselves: dict[str, int] = field(default_factory=dict)
    commands: dict[str, int] = field(default_factory=dict)
    events: int = 0
    checks: int = 0
    longest_recovery_seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """For the page on reliability."""
        killed = sum(self.faults.values())
        rows = "\n".join(f"| {kind} | {count} |" for kind, count in sorted(self.faults.items()))
        commands = ", ".join(f"{count} {outcome}" for outcome, count in self.commands.items())
        ended = ", ".join(f"{what}: {count}" for what, count in self.ended_by_themselves.items()) or "none"
        return (
            f"Seed {self.seed}, {self.minutes:.1f} minutes, {killed} faults, {self.checks} checks, "
            f"**{len(self.violations)} violations**.\n\n"
            f"Commands: {commands}. Events in the national view: {self.events}. Longest recovery, from the last fault "
            f"until the view is level: {self.longest_recovery_seconds:.1f} s. Processes that ended by themselves: {ended}."
            f"\n\n| fault | times |\n| --- | --- |\n{rows}\n"
        )

    def write(self, where: Path) -> None:
        """`<where>.json` and `<where>.md`."""
        where.parent.mkdir(parents=True, exist_ok=True)
        where.with_suffix(".json").write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")
        where.with_suffix(".md").write_text(self.markdown())


async def run(minutes: float, seed: int, *, round_seconds: float = 50.0, say: Callable[[str], None] = print) -> Result:
    """Run a campaign in a stack of its own, which is gone afterwards."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="lien-the-chaos-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        world = await World.create(folder)
        try:
            return await _campaign(world, rng, Result(seed), minutes, round_seconds, say)
        finally:
            await world.close()


async def _campaign(
    world: World, rng: random.Random, result: Result, minutes: float, round_seconds: float, say: Callable[[str], None]
) -> Result:
    client, nemesis, topics = Client(world, rng), Nemesis(world, rng, say), Topics()
    began = time.monotonic()
    try:
        while (left := minutes * 60 - (time.monotonic() - began)) > 0:
            unknown = await _round(client, nemesis, min(round_seconds, max(10.0, left)))
            healed = time.monotonic()
            if not await _at_rest(world):
                result.violations.append(f"I12: {_REST_SECONDS} s after the last fault the view is not level with the stores")
                break
            recovery = time.monotonic() - healed
            result.longest_recovery_seconds = max(result.longest_recovery_seconds, recovery)
            found = [*client.broken, *await check(world, client.ledger, topics)]
            client.broken = []
            result.checks += 1
            result.violations += found
            outcomes = dict(Counter(sent.outcome for sent in client.ledger))
            minute, faults = (time.monotonic() - began) / 60, sum(nemesis.done.values())
            say(
                f"{minute:5.1f} min: {faults} faults, {len(client.ledger)} commands {outcomes}, {unknown} were unknown, "
                f"level after {recovery:.1f} s, {len(found)} violations"
            )
            for violation in found:
                say(f"  VIOLATION {violation}")
        result.events = int(await world.value("reporting", "select count(*) from figures_v3.events"))
    except (Refused, OSError, TimeoutError, AssertionError, asyncpg.PostgresError, httpx.HTTPError) as failure:
        result.violations.append(f"the campaign could not go on: {type(failure).__name__}: {failure}")
    result.minutes = (time.monotonic() - began) / 60
    result.faults, result.ended_by_themselves = dict(nemesis.done), dict(nemesis.by_itself)
    result.commands = _outcomes(client)
    return result


async def _round(client: Client, nemesis: Nemesis, seconds: float) -> int:
    """Commands and faults for a while; then nothing is broken and nothing unknown. How many commands had been unknown."""
    stop = asyncio.Event()
    living = [asyncio.create_task(client.live(stop)) for _ in range(_CLIENTS)]
    raging = asyncio.create_task(nemesis.rage(stop))
    await asyncio.wait([raging], timeout=seconds)
    stop.set()
    await asyncio.gather(raging, *living)
    return await client.resolve()


async def _at_rest(world: World) -> bool:
    """Everything answers, and every event of every log is in the national view; policies may add events meanwhile."""
    try:
        async with asyncio.timeout(_REST_SECONDS):
            await asyncio.gather(*(world.answers(service, _REST_SECONDS) for service in SERVICES))
            calm = 0
            while calm < 5:
                recorded = sum((await world.recorded()).values())
                folded = await world.value("reporting", "select count(*) from figures_v3.events")
                calm = calm + 1 if recorded == folded else 0
                await asyncio.sleep(0.2)
    except TimeoutError:
        return False
    return True


def _outcomes(client: Client) -> dict[str, int]:
    found: Counter[str] = Counter()
    for sent in client.ledger:
        if sent.asked_later:
            found[f"first unknown, then {sent.outcome}"] += 1
        elif sent.outcome == "ok":
            found["ok at once" if not sent.cut else "ok after being cut off"] += 1
        else:
            found[sent.outcome] += 1
    return dict(sorted(found.items()))
