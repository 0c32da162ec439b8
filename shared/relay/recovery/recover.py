"""`recover`: brings a log back to what was published of it, says what nobody can bring back, and writes down what it did.

The published branch stands. Idempotent: run again, it goes on where it was, or finds nothing to do. Refuses (`signed-lost`) to
open a log that lacks what was signed and is not on Kafka either, unless a person accepts that: then it is given up, signed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.eventlog.postgres import identity_of
from shared.eventlog.signing import PublicKey, SigningKey
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.relay.looks import look
from shared.relay.recovery.anew import Anew, Fits, LeftOver, build_anew
from shared.relay.recovery.branches import Node, Wanted
from shared.relay.recovery.loss import give_up
from shared.relay.recovery.plan import Plan, Say, lost_of, make_plan
from shared.relay.recovery.taking import relayed, take_back

_LOCK = 0x4C54_1002


@dataclass(frozen=True, slots=True)
class Place:
    """Where to recover. `pool` reads as the service's role; `owner` is the database owner's own session."""

    source: str
    pool: Pool
    owner: Connection
    app_role: str
    bootstrap: str
    file: Path | None = None
    public: PublicKey | None = None
    signing: SigningKey | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found and done. `run` is its number, None if there was nothing to do."""

    plan: Plan
    run: int | None = None
    taken: int = 0
    anew: Anew | None = None

    @property
    def left_over(self) -> Sequence[LeftOver]:
        """The events that a person must look at."""
        return () if self.anew is None else self.anew.left_over


async def plan_of(place: Place, say: Say = lambda _: None) -> Plan:
    """What there is to do."""
    async with place.pool.acquire() as connection:
        found = await look(connection, place.source, {})
        wanted = Wanted(place.source, await identity_of(connection))
    return await make_plan(place.pool, wanted, found, place.bootstrap, file=place.file, public=place.public, say=say)


async def recover(
    place: Place, fits: Fits, say: Say = lambda _: None, *, accept_loss: bool = False, plan: Plan | None = None
) -> Outcome:
    """Do it. One at a time. May raise `Refused`: `recovering` (another is at it), `signed-lost`, `no-signing-key` (nobody can
    accept a loss without it), `log-moved`."""
    if not await place.owner.fetchval("select pg_try_advisory_lock($1, 0)", _LOCK):
        raise Refused(
            "recovering",
            "Một lệnh recover khác đang chạy: chờ nó xong.",
            "Another recover is running: wait until it is done.",
            status=409,
        )
    try:
        return await _recover(place, plan or await plan_of(place, say), fits, accept_loss=accept_loss)
    finally:
        await place.owner.fetchval("select pg_advisory_unlock($1, 0)", _LOCK)


async def _recover(place: Place, plan: Plan, fits: Fits, *, accept_loss: bool) -> Outcome:
    lost = await lost_of(place.pool, plan)
    if lost is not None and not accept_loss:
        raise _signed_lost(place.source, plan)
    if lost is not None and (place.signing is None or place.file is None):
        raise Refused(
            "no-signing-key",
            "Chấp nhận mất sự kiện đã ký thì phải ký: đặt CLB_SIGNING_KEY và CLB_CHECKPOINTS.",
            "To accept that signed events are gone must be signed: set CLB_SIGNING_KEY and CLB_CHECKPOINTS.",
            status=409,
        )
    outcome = Outcome(plan)
    if plan.forked:
        async with place.owner.transaction():
            anew = await build_anew(place.owner, plan, place.bootstrap, place.app_role, fits)
            outcome = Outcome(plan, await _write_down(place.owner, plan, anew.taken, anew), anew.taken, anew)
        for table in ("events", "commands", "lanes"):
            await place.owner.execute(f"analyze log.{table}")
    elif plan.tails or plan.missed or plan.look.unstored:
        taken = await take_back(place.owner, plan, place.bootstrap)
        async with place.owner.transaction():
            outcome = Outcome(plan, await _write_down(place.owner, plan, taken, None), taken)
    if lost is not None and place.signing is not None and place.file is not None:
        await give_up(place.pool, plan.wanted, place.bootstrap, place.signing, place.file)
        outcome = replace(outcome, run=await _write_down(place.owner, plan, 0, None, accepted=True))
    return outcome


async def _write_down(owner: Connection, plan: Plan, taken: int, anew: Anew | None, *, accepted: bool = False) -> int:
    """The run, last of all: with it the guards of all processes look at the log again."""
    if plan.look.unstored:
        await relayed(owner, {lane: plan.ends[lane] for lane in plan.look.unstored})
    report = report_of(plan, taken, anew)
    run = int(
        await owner.fetchval(
            "insert into recovery.runs (accepted, old_log, report) values ($1, $2, $3) returning run",
            accepted,
            None if anew is None else anew.old_log,
            json.dumps(report, ensure_ascii=False, sort_keys=True),
        )
    )
    await owner.execute("update recovery.missed set run = $1 where run is null", run)
    await owner.executemany(
        """insert into recovery.left_over (run, lane, position, event_id, command_id, stream, version, type, schema_version,
            recorded_at, actor, data, why_vi, why_en)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)""",
        [
            (
                run, one.event.lane, one.event.position, one.event.event_id, one.event.command_id, one.event.stream,
                one.event.version, one.event.type, one.event.schema_version, one.event.recorded_at, one.event.actor,
                one.event.data, one.why_vi, one.why_en,
            )
            for one in (anew.left_over if anew is not None else ())
        ],
    )  # fmt: skip
    return run


def report_of(plan: Plan, taken: int = 0, anew: Anew | None = None) -> Mapping[str, Any]:
    """What was found and done, for programs; kept with the run."""
    signed = plan.signed
    return {
        "taken_back": taken,
        "branches": {
            str(lane): {
                "after": tail.after,
                "end": tail.end,
                "forked": tail.forked,
                "published": [_node(node) for node in (tail.nodes[0], tail.nodes[-1])],
                "log_head": plan.look.heads[lane].position,
            }
            for lane, tail in plan.tails.items()
        },
        "vouched": {
            "log": sum(plan.heads().values()),
            "topic": sum(plan.ends.values()),
            "signed": None if signed is None else signed.events,
            "signed_at": None if signed is None else signed.time.isoformat(),
        },
        "gone": {str(lane): position for lane, position in plan.gone.items()},
        "contested": [_node(node) for node in plan.contested],
        "records_that_follow_nothing": plan.loose,
        "other_branch": None
        if anew is None
        else {
            "appended": anew.appended,
            "there_already": anew.there_already,
            "left_over": len(anew.left_over),
            "old_log": anew.old_log,
        },
    }


def _node(node: Node) -> Mapping[str, Any]:
    return {
        "lane": node.lane, "position": node.position, "hash": node.hash.hex(), "partition": node.partition,
        "offset": node.offset, "event": node.event_id, "recorded_at": node.recorded_at,
    }  # fmt: skip


def _signed_lost(source: str, plan: Plan) -> Refused:
    assert plan.signed is not None  # noqa: S101  it is what is lost
    at = plan.signed.time.isoformat(timespec="seconds")
    return Refused(
        "signed-lost",
        f"Điểm kiểm ký lúc {at} có sự kiện mà cả kho lẫn Kafka đều không còn: tìm bản sao mới hơn; nếu không có, chạy "
        f"./clb recover {source} --accept-loss.",
        f"The checkpoint signed at {at} has events that neither the database nor Kafka holds: look for a newer backup; if "
        f"there is none, run ./clb recover {source} --accept-loss.",
        status=409,
    )
