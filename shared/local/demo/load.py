"""The whole demo in one call: tokens, the generated history, the published points, the targets.

It may be interrupted anywhere and called again. What the caller does before (start, simulated clock on) and after (clock
real again) is the stack's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from shared.kernel.errors import Refused
from shared.local.batches import Refusal, Tally, open_door
from shared.local.demo.entries import Side
from shared.local.demo.generator import generate
from shared.local.demo.loader import load_history
from shared.local.demo.parameters import parameters_of
from shared.local.demo.plan import PUBLISHED, plan_targets, published_points
from shared.local.demo.reading import until_read
from shared.local.demo.tokens import write_tokens
from shared.reference.book import load as load_places
from shared.reference.points.commands import commands_of
from shared.reference.points.reader import read_points

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded: the generated commands, the published points and targets, in how many seconds."""

    history: Tally
    published: Tally
    seconds: float


async def load_demo(front: str, data_dir: Path, say: Say, *, today: date, scale: float | None = None) -> Loaded:
    """Load everything and wait until the figures show it.

    May raise `Refused`, also when a command of the demo is refused: that is a fault of the demo.
    """
    began = time.monotonic()
    parameters = await asyncio.to_thread(parameters_of, data_dir, today, scale=scale)
    tokens = await write_tokens(front, data_dir)
    places = await asyncio.to_thread(load_places)
    history = await asyncio.to_thread(generate, parameters, places)
    say(f"Sinh {len(history.entries):,} lệnh cho {history.clubs:,} CLB đến {parameters.until:%d/%m/%Y} / generated commands")
    told = 0

    def progress(done: int, total: int) -> None:
        nonlocal told
        if done * 10 // total > told or done == total:
            told = done * 10 // total
            say(f"  {done:>7,} / {total:,} lệnh ({time.monotonic() - began:.0f} s)")

    sides: dict[Side, str] = {"state": tokens["centre"], "association": tokens["centre-association"]}
    loaded = await load_history(front, sides, history, progress)
    _all_accepted(loaded)
    points = commands_of(read_points(published_points(), places).points, PUBLISHED)
    say(f"Nhập {len(points)} số liệu đã công bố và chỉ tiêu / importing published figures and targets")
    async with open_door(front, sides["state"]) as door:
        published = await door.send([command.to_json() for command in (*points, *plan_targets())])
    _all_accepted(published)
    heads = Tally()
    heads.add(loaded)
    heads.add(published)
    await until_read(front, heads.heads, say)
    return Loaded(loaded, published, time.monotonic() - began)


def _all_accepted(tally: Tally) -> None:
    if tally.refused:
        raise _fault(len(tally.refused), tally.refused[0])


def _fault(number: int, first: Refusal) -> Refused:
    return Refused(
        "demo-refused",
        f"{number} lệnh của bản trình diễn bị từ chối; lệnh đầu {first.id} [{first.slug}]: {first.vi}",
        f"{number} commands of the demo were refused; the first, {first.id} [{first.slug}]: {first.en}",
    )
