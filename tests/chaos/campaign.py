"""A campaign: the real stack of processes under random faults, while a client sends commands and keeps its own ledger.

Every minute or so the faults stop, everything is started, and once it has come to rest everything is checked; then it goes on.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import asyncpg
import httpx
from kafka.errors import KafkaError

from shared.kernel.errors import Refused
from tests.chaos.checks import aside_of, check, not_listed, records_on
from tests.chaos.client import Client
from tests.chaos.nemesis import Nemesis
from tests.chaos.operator import Operator
from tests.system.world import SERVICES, World

_CLIENTS = 3
_REST_SECONDS = 150
_SETTINGS = {"CLB_CHECKPOINT_MINUTES": "0.05"}
"""Heads are signed every three seconds, so that what is forged is known within a round."""


@dataclass
class Result:
    """What a campaign has done and found."""

    seed: int
    minutes: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    ended_by_themselves: dict[str, int] = field(default_factory=dict)
    commands: dict[str, int] = field(default_factory=dict)
    events: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    books: dict[str, int] = field(default_factory=dict)
    """What else is worth counting: lies, what recoveries did, what the operator did."""
    checks: int = 0
    longest_recovery_seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """For the page on reliability."""
        killed = sum(self.faults.values())
        rows = "\n".join(f"| {kind} | {count} |" for kind, count in sorted(self.faults.items()))
        commands = ", ".join(f"{count} {outcome}" for outcome, count in self.commands.items())
        ended = ", ".join(f"{what}: {count}" for what, count in self.ended_by_themselves.items()) or "none"
        books = ", ".join(f"{what}: {count}" for what, count in sorted(self.books.items())) or "Nothing else"
        return (
            f"Seed {self.seed}, {self.minutes:.1f} minutes, {killed} faults, {self.checks} checks, "
            f"**{len(self.violations)} violations**.\n\n"
            f"Commands: {commands}. Events in the national view: {self.events}. Longest recovery, from the last fault "
            f"until the view is level: {self.longest_recovery_seconds:.1f} s. Processes that ended by themselves: {ended}."
            f"\n\n{books}.\n\n| fault | times |\n| --- | --- |\n{rows}\n"
        )

    def write(self, where: Path) -> None:
        """`<where>.json` and `<where>.md`."""
        where.parent.mkdir(parents=True, exist_ok=True)
        where.with_suffix(".json").write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")
        where.with_suffix(".md").write_text(self.markdown())


async def run(
    minutes: float,
    seed: int,
    *,
    round_seconds: float = 50.0,
    first: Sequence[str] = (),
    keep: Path | None = None,
    say: Callable[[str], None] = print,
) -> Result:
    """Run a campaign in a stack of its own, which is gone afterwards. `first`: faults with which each round begins; `keep`:
    where the processes' logs are copied to."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="lien-the-chaos-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        world = await World.create(folder, _SETTINGS)
        try:
            return await _campaign(world, rng, Result(seed), minutes, round_seconds, first, say)
        finally:
            await world.close()
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                for log in [*folder.glob("*.log"), folder / "kafka" / "kafka.log"]:
                    shutil.copy(log, keep)


async def _campaign(
    world: World,
    rng: random.Random,
    result: Result,
    minutes: float,
    round_seconds: float,
    first: Sequence[str],
    say: Callable[[str], None],
) -> Result:
    client, operator = Client(world, rng), Operator(world, say)
    nemesis = Nemesis(world, client, rng, say)
    began = time.monotonic()
    try:
        while (left := minutes * 60 - (time.monotonic() - began)) > 0:
            unknown = await _round(client, nemesis, min(round_seconds, max(10.0, left)), first)
            healed = time.monotonic()
            if restless := await _at_rest(world, operator, nemesis):
                result.violations += [*client.broken, f"I12: {_REST_SECONDS} s after the last fault: {restless}"]
                say(f"  VIOLATION {restless}")
                break
            recovery = time.monotonic() - healed
            result.longest_recovery_seconds = max(result.longest_recovery_seconds, recovery)
            found = [*client.broken, *await check(world, client.ledger, nemesis.liar.told, nemesis.losses.lost)]
            client.broken = []
            result.checks += 1
            result.violations += found
            outcomes = dict(Counter(sent.outcome for sent in client.ledger))
            minute, faults = (time.monotonic() - began) / 60, sum(nemesis.done.values())
            say(
                f"{minute:5.1f} min: {faults} faults, {len(client.ledger)} commands {outcomes}, {unknown} were unknown, "
                f"at rest after {recovery:.1f} s, {len(found)} violations"
            )
            for violation in found:
                say(f"  VIOLATION {violation}")
        result.events = int(await world.value("reporting", f"select count(*) from {await world.ledger()}.events"))
    except (Refused, OSError, TimeoutError, AssertionError, asyncpg.PostgresError, httpx.HTTPError, KafkaError) as failure:
        result.violations += [*client.broken, f"the campaign could not go on: {type(failure).__name__}: {failure}"]
    refused = Counter({f"answers {slug}": count for slug, count in client.refused.items()})
    again = Counter({"commands entered again by a person": client.entered_again} if client.entered_again else {})
    told = Counter(f"records of strangers, {one.kind}" for one in nemesis.liar.told)
    result.books = dict(nemesis.losses.books + operator.done + refused + again + told)
    result.skipped = dict(nemesis.skipped)
    result.minutes = (time.monotonic() - began) / 60
    result.faults, result.ended_by_themselves = dict(nemesis.done), dict(nemesis.by_itself)
    result.commands = _outcomes(client)
    return result


async def _round(client: Client, nemesis: Nemesis, seconds: float, first: Sequence[str]) -> int:
    """Commands and faults for a while; then nothing is broken and nothing unknown. How many commands had been unknown."""
    stop = asyncio.Event()
    living = [asyncio.create_task(client.live(stop)) for _ in range(_CLIENTS)]
    await nemesis.losses.dump()
    raging = asyncio.create_task(nemesis.rage(stop, first))
    await asyncio.wait([raging], timeout=seconds)
    stop.set()
    await asyncio.gather(raging, *living)
    return await client.resolve()


async def _at_rest(world: World, operator: Operator, nemesis: Nemesis) -> str:
    """Until nothing is red, every event of every log is in the national view, every lie that stands on Kafka is listed; what of
    that does not come to pass, in words. Policies may add events meanwhile."""
    deadline = time.monotonic() + _REST_SECONDS
    waits = "services do not answer"
    while time.monotonic() < deadline:
        try:
            await asyncio.gather(*(world.answers(service, deadline - time.monotonic()) for service in SERVICES))
            if red := await operator.all_green(deadline - time.monotonic()):
                return f"red is {red}"
            waits = await _not_level(world, deadline)
        except (TimeoutError, OSError, asyncpg.PostgresError):
            continue
        waits = waits or not_listed(nemesis.liar.told, await asyncio.to_thread(records_on, world), await aside_of(world))
        if not waits and not await operator.all_green(0):
            return ""
        await asyncio.sleep(0.5)
    return waits


async def _not_level(world: World, deadline: float) -> str:
    calm, recorded, folded = 0, 0, -1
    while calm < 5:
        recorded = sum((await world.recorded()).values())
        folded = await world.value("reporting", f"select count(*) from {await world.ledger()}.events")
        calm = calm + 1 if recorded == folded else 0
        if time.monotonic() > deadline:
            return f"the view has {folded} events, the logs have {recorded}"
        if calm == 0 and folded > recorded:
            return f"the view has {folded} events, the logs have {recorded}"
        await asyncio.sleep(0.2)
    return ""


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
