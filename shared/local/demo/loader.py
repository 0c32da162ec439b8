"""Loads the demo through the public batch door: tokens, the generated history, the published points and targets.

The commands of a service go in the order of their simulated clock; two shares of the lanes of a service are under way at
a time, since lanes are what the order is kept in. An interrupted load is simply run again with the same parameters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import groupby
from operator import attrgetter

from shared.kernel.lanes import lane_of
from shared.local.batches import AT_ONCE, Door, Tally, open_door
from shared.local.demo.entries import Entry, Side
from shared.local.demo.generator import History

Progress = Callable[[int, int], None]
"""Commands answered so far, and all of them."""

SHARES = {"clubs": 2}
"""Into how many shares of its lanes a service's commands are divided; one where nothing is said."""


async def load_history(front: str, tokens: Mapping[Side, str], history: History, progress: Progress) -> Tally:
    """Send a history with the centre's tokens of both sides. May raise `Refused` when the door does."""
    tally = Tally()
    total = len(history.entries)

    async def send_in_order(entries: Sequence[Entry], doors: Mapping[Side, Door]) -> None:
        for side, batch in _batches(entries):
            tally.add(await doors[side].send([entry.to_json() for entry in batch]))
            progress(tally.recorded + tally.repeated + len(tally.refused), total)

    async with AsyncExitStack() as stack:
        doors: dict[Side, Door] = {}
        for side, token in tokens.items():
            doors[side] = await stack.enter_async_context(open_door(front, token))
        async with asyncio.TaskGroup() as group:
            for service, entries in history.by_service.items():
                for share in _shares(entries, SHARES.get(service, 1)):
                    group.create_task(send_in_order(share, doors))
    return tally


def _shares(entries: Sequence[Entry], number: int) -> Iterator[Sequence[Entry]]:
    if number == 1:
        yield entries
        return
    shares: list[list[Entry]] = [[] for _ in range(number)]
    for entry in entries:
        shares[lane_of(entry.stream) % number].append(entry)
    yield from shares


def _batches(entries: Sequence[Entry]) -> Iterator[tuple[Side, Sequence[Entry]]]:
    for side, run in groupby(entries, attrgetter("side")):
        kept = list(run)
        for start in range(0, len(kept), AT_ONCE):
            yield side, kept[start : start + AT_ONCE]
