"""Rebuilds a view from the start of the logs beside the live build, proves that both are equal, and swaps them in one commit.

Guarantees that readers see the old build until the commit of the swap and the new one from then on; that a rebuild which was
killed at any moment goes on where it stood when it is started again; and that a build which differs from the live one is not
swapped in unless that was asked for. The old build is kept, and `rollback` brings it up to date and swaps back the same way.
Refuses a second rebuild of the same view while one runs.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from shared.kernel.clock import system_clock
from shared.kernel.crashpoint import crashpoint
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.projections import dump
from shared.projections.builds import Built
from shared.projections.certificate import Json, Side, certificate, read_side, text_of
from shared.projections.chain import Chain
from shared.projections.dump import Difference
from shared.projections.hand_over import level
from shared.projections.hearing import load
from shared.projections.rebuilding import Place, alone, begun_build, live_build, other_build
from shared.projections.rulings import PostgresDecisions
from shared.projections.runner import Runner
from shared.projections.view import View, schema_of

Say = Callable[[str], None]
_TICK = 0.25
_TOLD_SECONDS = 2.0
_RECENT = 40
"""Ticks over which the speed is measured."""
_CLOSE = 200
"""So few events behind, the rest is read in the hand-over."""


async def rebuild(place: Place, view: View, say: Say, *, accept_difference: bool = False) -> Json:
    """A new build from the start, or the one that was begun; the certificate of the swapped build. May raise `Refused`."""
    async with alone(place, view):
        live = await live_build(place, view)
        new = await begun_build(place, view, accept=accept_difference)
        return await _finish(place, view, live, new, say, accept_difference=accept_difference)


async def rollback(place: Place, view: View, say: Say) -> Json:
    """Bring the kept build up to date and swap it in. May raise `Refused` (`no-other-build`), also if one was only begun."""
    async with alone(place, view):
        live, other = await live_build(place, view), await other_build(place, view, "kept")
        return await _finish(place, view, live, other, say, accept_difference=True)


async def compare(place: Place, view: View, say: Say) -> tuple[Json, list[Difference]]:
    """The kept or begun build against the live one, at the same positions: the certificate, and the first rows that differ.

    May raise `Refused` (`no-other-build`).
    """
    async with alone(place, view):
        live, other = await live_build(place, view), await other_build(place, view, "kept", "building")
        await _catch_up(place, other, live, say)
        return await _proof(place, view, live, other)


async def _finish(place: Place, view: View, live: Built, new: Built, say: Say, *, accept_difference: bool) -> Json:
    await _catch_up(place, new, live, say)
    proof, different = await _proof(place, view, live, new, or_ahead=accept_difference)
    crashpoint("rebuild.certified")
    if different and not accept_difference:
        await place.owner.execute(
            "update projection.builds set certificate = $3 where view = $1 and build = $2",
            view.name,
            new.version,
            text_of(proof),
        )
        for each in different:
            which = "bản đang dùng / the live build" if each.only_in == schema_of(live) else "bản mới / the new build"
            say(f"  {each.table}: chỉ trong {which} only: {each.row[:300]}")
        raise Refused(
            "builds-differ",
            f"Bản dựng {new.version} khác bản đang dùng {live.version}: chưa đổi. Xem các dòng trên; thêm --accept để dùng nó.",
            f"Build {new.version} differs from the live {live.version}: not swapped. See the rows above; --accept takes it.",
            status=409,
        )
    await _catch_up(place, new, live, say, quietly=True)
    await _swap(place, view, live, new, text_of(proof), or_ahead=accept_difference)
    crashpoint("rebuild.after_swap")
    return proof


async def _catch_up(place: Place, new: Built, live: Built, say: Say, *, quietly: bool = False) -> None:
    """Fold from the topics until the build is nearly where the live one is."""
    if await _passed(place.pool, live) - await _passed(place.pool, new) <= _CLOSE:
        return
    async with place.helped(new):
        await _fold_until_close(place, new, live, say, quietly=quietly)


async def _fold_until_close(place: Place, new: Built, live: Built, say: Say, *, quietly: bool) -> None:
    runner = Runner(place.pool, place.bootstrap, [new], group_of(place.service, new), public=place.public, beside=True)
    running = asyncio.create_task(runner.run())
    try:
        told, seen = 0.0, deque[tuple[float, int]](maxlen=_RECENT)
        at = await _passed(place.pool, new)
        while (total := await _passed(place.pool, live)) - at > _CLOSE:
            status = runner.status()
            if running.done() or status.red:
                raise _stopped(new, "; ".join(status.red) or str(running))
            crashpoint("rebuild.catching_up")
            now = time.monotonic()
            seen.append((now, at))
            if not quietly and now - told > _TOLD_SECONDS:
                say(_progress(new, at, total, seen))
                told = now
            await asyncio.sleep(_TICK)
            at = await _passed(place.pool, new)
        if not quietly and seen:
            say(_progress(new, at, total, seen))
    finally:
        await runner.stop()
        await running


def group_of(service: str, built: Built) -> str:
    """The consumer group of all processes that fold a build which is not live."""
    return f"{service}-{built.name}-build-{built.version}"


def _progress(new: Built, at: int, total: int, seen: Sequence[tuple[float, int]]) -> str:
    """How far, how fast lately, and how long at that speed."""
    (then, before), (now, _) = seen[0], seen[-1]
    rate = (at - before) / max(now - then, _TICK)
    left = f"{max(total - at, 0) / rate:.0f} s" if rate > 0 else "?"
    done = f"{at:,}/{total:,} ({min(100 * at // max(total, 1), 100)} %)"
    return f"  {new.name} {new.version}: {done} sự kiện / events, {rate:,.0f}/s, còn / left {left}"


async def _proof(place: Place, view: View, live: Built, new: Built, *, or_ahead: bool = False) -> tuple[Json, list[Difference]]:
    """Both builds at the same positions: the certificate, and the first rows that differ."""
    async with _snapshots(place, live, new, or_ahead=or_ahead) as (before, after):
        old, made = await asyncio.gather(read_side(before, live), read_side(after, new))
        found = certificate(place.service, view, system_clock(), made, old, place.stands_on)
        return found, [] if found["compared"]["equal"] else await _differences(after, live, new, old, made)


@asynccontextmanager
async def _snapshots(place: Place, live: Built, new: Built, *, or_ahead: bool) -> AsyncGenerator[tuple[Connection, Connection]]:
    """Two snapshots: the first sees the live build, the second the new one, at the same positions. Neither is held up."""
    async with place.pool.acquire() as before, place.pool.acquire() as after:
        async with level(place.pool, place.bootstrap, live, new, await _chain(place), or_ahead=or_ahead):
            first = before.transaction(isolation="repeatable_read", readonly=True)
            await first.start()
            await before.execute("select 1")
        async with after.transaction(isolation="repeatable_read", readonly=True):
            await after.execute("select 1")
            try:
                yield before, after
            finally:
                await first.rollback()


async def _differences(connection: Connection, live: Built, new: Built, old: Side, made: Side) -> list[Difference]:
    """The rows as they are in the newer snapshot, of the tables whose hashes differ."""
    known = {each.table: each for each in old.tables}
    schemas = (schema_of(live), schema_of(new))
    found: list[Difference] = []
    for each in made.tables:
        if known.get(each.table) != each:
            found += await dump.differences(connection, each.table, schemas)
    return found


async def _swap(place: Place, view: View, live: Built, new: Built, proof: str, *, or_ahead: bool) -> None:
    """In one commit: the new build is live, the old one kept, and whoever folds either must claim its lanes anew."""
    async with level(place.pool, place.bootstrap, live, new, await _chain(place), or_ahead=or_ahead) as connection:
        await connection.execute(
            "update projection.checkpoints set epoch = epoch + 1 where view = $1 and version in ($2, $3)",
            view.name, live.version, new.version,
        )  # fmt: skip
        # Two steps, since at most one build is live and at most one is not.
        made_at: Any = await connection.fetchval(
            "delete from projection.builds where view = $1 and build = $2 returning made_at", view.name, new.version
        )
        await connection.execute(
            "update projection.builds set state = 'kept' where view = $1 and build = $2", view.name, live.version
        )
        await connection.execute(
            """insert into projection.builds (view, build, code, state, made_at, live_since, certificate)
            values ($1, $2, $3, 'live', $4, clock_timestamp(), $5)""",
            view.name, new.version, view.version, made_at, proof,
        )  # fmt: skip
        crashpoint("rebuild.in_swap")


async def _chain(place: Place) -> Chain:
    """What this database knows of the logs, for the last steps of a build that is not live."""
    chain = Chain(keeps=False)
    await load(PostgresDecisions(place.pool), chain)
    return chain


async def _passed(pool: Pool, built: Built) -> int:
    async with pool.acquire() as connection:
        found: Any = await connection.fetchval(
            "select sum(position) from projection.checkpoints where view = $1 and version = $2", built.name, built.version
        )
    return int(found or 0)


def _stopped(new: Built, reason: str) -> Refused:
    return Refused(
        "rebuild-stopped",
        f"Việc dựng lại {new.name} dừng: {reason}. Bản đang dùng không đổi; sửa xong chạy lại, nó sẽ đi tiếp.",
        f"The rebuild of {new.name} stopped: {reason}. The live build is unchanged; mend it and run again, it will go on.",
        status=409,
    )
