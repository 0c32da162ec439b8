"""After the last fault: what an operator does by the handbook, and what must then come right by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shared.projections.parking import replay_in

if TYPE_CHECKING:
    from tests.simulator.world import World


async def settle(world: World, seconds: float) -> bool:
    """The last fault ends; whether all of it comes right in time."""
    world.nemesis.heal()
    world.note("healed")
    deadline = world.loop.time() + seconds
    while world.behind():
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


def behind(world: World) -> list[str]:
    """What is not level yet, in words."""
    if world.database.rows("parked"):
        return ["events are parked"]
    found: list[str] = []
    checkpoints = world.database.rows("checkpoints")
    for source, log in world.logs.items():
        for lane, events in enumerate(log.lanes_now):
            if world.lanes[source].positions[lane] != len(events):
                found.append(f"{source} lane {lane} is published to {world.lanes[source].positions[lane]} of {len(events)}")
            for view in world.views:
                row = checkpoints.get((view.name, view.version, source, lane))
                reached = row.position if row else 0
                if reached != len(events):
                    found.append(f"{view.name} stands in {source} lane {lane} at {reached} of {len(events)}")
                elif events and row.head != events[-1].hash:
                    found.append(f"{view.name} has another record than {source} at position {reached} of lane {lane}")
    found += [f"{guard.source}: {guard.why_not()}" for guard in world.guards.values() if not guard.healthy()]
    found += [f"{key[0]} is spoiled in lane {key[3]} of {key[2]}" for key in world.database.rows("spoiled")]
    for projector in world.projectors.values():
        known = world.database.rows("topic_identities")
        if any(known.get(("reporting", *where)) != projector.identity(where) for where in projector.member.holds):
            found.append("a projector has not seen that a topic was made anew")
        if projector.member.unread:
            found.append("a projector has not read everything")
        if projector.hearing.overruled:
            found.append("a ruling waits to be acted on")
        found += projector.red()
        gaps = [progress.view.name for progress in projector.progress if progress.status().gaps]
        found += [f"{name} has a gap" for name in gaps]
    return found
