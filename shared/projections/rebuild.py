"""Rebuilds a view from the start of the logs beside the live build, proves that both are equal, and swaps them in one commit.

Guarantees that readers see the old build until the commit of the swap and the new one from then on; that a rebuild which was
killed at any moment goes on where it stood when it is started again; that a build which differs from the live one is not
swapped in unless that was asked for, or the live one is known to have taken a false record and the new one equals the logs; and
that one which differs from a log is not swapped in at all. The old build is kept, and `rollback` brings it up to date and swaps
back the same way. Refuses a second rebuild of the same view while one runs.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from shared.eventlog.signing import PublicKey
from shared.kernel.clock import system_clock
from shared.kernel.crashpoint import crashpoint
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.projections import builds, rulings
from shared.projections import rebuild_refusals as refusals
from shared.projections.builds import Built, beside
from shared.projections.certificate import Json, certificate, differences, read_side, text_of
from shared.projections.chain import Chain
from shared.projections.dump import Difference
from shared.projections.hand_over import level
from shared.projections.hearing import load
from shared.projections.record import LogAnswers, against_logs
from shared.projections.rulings import PostgresDecisions
from shared.projections.runner import Runner
from shared.projections.schema import make_tables
from shared.projections.set_aside import holding
from shared.projections.view import View, schema_of

Say = Callable[[str], None]
_TICK = 0.25
_TOLD_SECONDS = 2.0
_RECENT = 40
"""Ticks over which the speed is measured."""
_CLOSE = 200
"""So few events behind, the rest is read in the hand-over."""


def _alone_folds(_built: Built) -> AbstractAsyncContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rebuild works: the service's database as itself and as its owner, and the broker."""

    service: str
    pool: Pool
    owner: Connection
    app_role: str
    bootstrap: str
    stands_on: Mapping[str, str]
    """What else the figures are read with, by name, with its version: definitions, maps."""
    public: PublicKey | None = None
    """The key by which the logs sign."""
    logs: Mapping[str, LogAnswers] = field(default_factory=dict[str, LogAnswers])
    """The logs that can be asked, by service; one that is not here is not compared with."""
    helped: Callable[[Built], AbstractAsyncContextManager[None]] = field(default=_alone_folds)
    """Other processes that fold the same build meanwhile (`fold_along`), so that a rebuild uses more than one core."""


async def rebuild(place: Place, view: View, say: Say, *, accept_difference: bool = False) -> Json:
    """A new build from the start, or the one that was begun; the certificate of the swapped build. May raise `Refused`."""
    async with _alone(place, view):
        live = await _live(place, view)
        return await _finish(
            place, view, live, await _begun(place, view, accept=accept_difference), say, accept_difference=accept_difference
        )


async def rollback(place: Place, view: View, say: Say) -> Json:
    """Bring the kept build up to date and swap it in. May raise `Refused` (`no-other-build`), also if one was only begun."""
    async with _alone(place, view):
        live, other = await _live(place, view), await _other(place, view, "kept")
        return await _finish(place, view, live, other, say, accept_difference=True, back=True)


async def compare(place: Place, view: View, say: Say) -> tuple[Json, list[Difference]]:
    """The kept or begun build against the live one, at the same positions: the certificate, and the first rows that differ.

    May raise `Refused` (`no-other-build`).
    """
    async with _alone(place, view):
        live, other = await _live(place, view), await _other(place, view, "kept", "building")
        await _catch_up(place, other, live, say)
        return await _proof(place, view, live, other)


async def _finish(
    place: Place, view: View, live: Built, new: Built, say: Say, *, accept_difference: bool, back: bool = False
) -> Json:
    """`back`: the kept build was live before; what differs is said and does not keep it from being live again."""
    await _catch_up(place, new, live, say)
    proof, different = await _proof(place, view, live, new, or_ahead=accept_difference)
    crashpoint("rebuild.certified")
    mended = bool(proof["compared"]["spoiled"]) and proof["record"] == "equal"
    differs = proof["record"] == "differs" and not back
    if differs or (different and not accept_difference and not mended):
        await place.owner.execute(
            "update projection.builds set certificate = $3 where view = $1 and build = $2",
            view.name,
            new.version,
            text_of(proof),
        )
        if differs:
            raise refusals.not_the_record(new, proof["logs"])
        for each in different:
            which = "bản đang dùng / the live build" if each.only_in == schema_of(live) else "bản mới / the new build"
            say(f"  {each.table}: chỉ trong {which} only: {each.row[:300]}")
        raise refusals.differ(new, live)
    await _catch_up(place, new, live, say, quietly=True)
    await _swap(place, view, live, new, text_of(proof), or_ahead=accept_difference)
    crashpoint("rebuild.after_swap")
    return proof


async def _begun(place: Place, view: View, *, accept: bool) -> Built:
    """The build that was begun by this version of the fold, or a new one; what was kept before goes.

    A build that was found to differ is gone on with only to be accepted: the fold may have been mended since.
    """
    found = await builds.of(place.owner, view.name)
    begun = next((build for build in found if build.state == "building" and build.code == view.version), None)
    if begun is not None and await rulings.spoiled(place.owner, view.name, begun.number):
        begun = None  # it had taken a record that was ruled out since
    if begun is not None and (begun.certificate is None or accept):
        number = begun.number
    else:
        for old in (build for build in found if build.state != "live"):
            await builds.remove(place.owner, old)
        number = max(build.number for build in found) + 1
        await place.owner.execute(
            "insert into projection.builds (view, build, code, state) values ($1, $2, $3, 'building')",
            view.name, number, view.version,
        )  # fmt: skip
    await make_tables(place.owner, place.app_role, Built(view, number))
    return beside(view, number)


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
                held = await holding(place.owner, new.name, new.version)
                raise refusals.stopped(new, "; ".join([*held, *status.red]) or str(running))
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
    async with _named(place, new), _snapshots(place, live, new, or_ahead=or_ahead) as (before, after):
        old, made = await asyncio.gather(read_side(before, live), read_side(after, new))
        spoiled = await rulings.spoiled(after, live.name, live.version)
        same = made.sha256 == old.sha256
        different = [] if same else await differences(after, live, new, old, made)
    logs = await against_logs(place.pool, made.positions, made.heads, place.logs, place.bootstrap)
    return certificate(place.service, view, system_clock(), made, old, place.stands_on, logs, spoiled), different


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
    return await load(PostgresDecisions(place.pool), Chain(keeps=False))


async def _live(place: Place, view: View) -> Built:
    found = await builds.live(place.owner, view.name)
    if found is None:
        raise Refused("not-migrated", "Chưa có bảng: chạy migrate trước.", "There are no tables yet: run migrate first.")
    if found.code != view.version:
        raise refusals.another_version(view, found.code)
    return Built(view, found.number)


async def _other(place: Place, view: View, *states: builds.State) -> Built:
    """The build that is in one of these states."""
    found = next((build for build in await builds.of(place.owner, view.name) if build.state in states), None)
    if found is None or found.code != view.version:
        raise refusals.no_other_build(view)
    return beside(view, found.number)


async def _passed(pool: Pool, built: Built) -> int:
    async with pool.acquire() as connection:
        found: Any = await connection.fetchval(
            "select sum(position) from projection.checkpoints where view = $1 and version = $2", built.name, built.version
        )
    return int(found or 0)


@asynccontextmanager
async def _alone(place: Place, view: View) -> AsyncGenerator[None]:
    """One rebuild of a view at a time; the lock ends with the session."""
    key = f"rebuild/{view.name}"
    if not await place.owner.fetchval("select pg_try_advisory_lock(hashtextextended($1, 0))", key):
        raise refusals.running(view)
    try:
        yield
    finally:
        await place.owner.execute("select pg_advisory_unlock(hashtextextended($1, 0))", key)


@asynccontextmanager
async def _named(place: Place, new: Built) -> AsyncGenerator[None]:
    """Where two builds cannot be brought to one position since a record on the topic does not follow, that record is named."""
    try:
        yield
    except Refused as refused:
        held = await holding(place.owner, new.name, new.version) if refused.slug == "builds-not-level" else []
        if not held:
            raise
        raise refusals.stopped(new, "; ".join(held)) from refused
