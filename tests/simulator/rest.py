"""After the last fault: what an operator does by the handbook, and what must then come right by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.projections.parking import replay_in

if TYPE_CHECKING:
    from tests.simulator.world import World


async def settle(world: World, seconds: float) -> bool:
    """The last fault ends; whether all of it comes right in time."""
    world.nemesis.heal()
    world.note("healed")
    deadline = world.loop.time() + seconds
    while world.behind(1):
        if world.loop.time() > deadline:
            return False
        await asyncio.sleep(0.25)
        await _replay(world)
        await _rebuild(world)
        world.nemesis.recover()
    return True


async def _replay(world: World) -> None:
    """The view is mended: parked streams are applied."""
    for view in world.views:
        waiting = {one.stream for key, one in world.database.rows("parked").items() if key[0] == view.name}
        for stream in sorted(waiting):
            async with world.stores.transaction(view) as store:
                await replay_in(store, view, stream)


async def _rebuild(world: World) -> None:
    """`clb views rebuild`: a view that had taken what was ruled out is folded from the beginning, by new readers."""
    spoiled = {key[0] for key in world.database.rows("spoiled")}
    views = [view for view in world.views if view.name in spoiled]
    if not views:
        return
    for slot in world.slots:
        if slot.kind == "projector":
            world.nemesis.kill(slot)
    for view in views:
        world.note(f"{view.name} is rebuilt")
        for table in ("checkpoints", "offsets", "parked", "spoiled"):
            rows = world.database.rows(table)
            for key in [key for key in rows if key[0] == view.name]:
                del rows[key]
        for table in view.rows:
            world.database.rows(table).clear()


def behind(world: World) -> Iterator[str]:
    """What is not level yet, in words."""
    listed = world.database.rows("set_aside")
    for lie in world.strangers.lies:
        one, log = lie.record, world.broker.logs[lie.record.topic, lie.record.partition]
        stands = one.offset < len(log) and log[one.offset] is one
        if stands and not lie.repetition and (one.topic, one.partition, one.offset) not in listed:
            yield f"a stranger's record is not listed yet: {lie.site}"
    if world.database.rows("parked"):
        yield "events are parked"
        return
    for projector in world.projectors.values():
        if projector.member.unread:
            yield "a projector has not read everything"
        if projector.hearing.overruled:
            yield "a ruling waits to be acted on"
    yield from _lanes(world)
    for guard in world.guards.values():
        if not guard.healthy():
            yield f"{guard.source}: {guard.why_not()}"
    for key in world.database.rows("spoiled"):
        yield f"{key[0]} is spoiled in lane {key[3]} of {key[2]}"
    known = world.database.rows("topic_identities")
    for projector in world.projectors.values():
        if any(known.get(("reporting", *where)) != projector.identity(where) for where in projector.member.holds):
            yield "a projector has not seen that a topic was made anew"
        yield from projector.red()
        yield from (f"{progress.view.name} has a gap" for progress in projector.progress if progress.status().gaps)


def _lanes(world: World) -> Iterator[str]:
    checkpoints = world.database.rows("checkpoints")
    for source, log in world.logs.items():
        published = world.lanes[source].positions
        for lane, events in enumerate(log.lanes_now):
            end = len(events)
            if published[lane] != end:
                yield f"{source} lane {lane} is published to {published[lane]} of {end}"
            for view in world.views:
                row = checkpoints.get((view.name, view.version, source, lane))
                reached = row.position if row else 0
                if reached != end:
                    yield f"{view.name} stands in {source} lane {lane} at {reached} of {end}"
                elif end and row.head != events[-1].hash:
                    yield f"{view.name} has another record than {source} at position {reached} of lane {lane}"
