"""`python -m services.clubs recover [--check|--list|--rule-out ...|--accept-loss]`: brings a log back to what was published.

Needs the service's own settings and the owner's URL (`*_DATABASE_OWNER_URL`), while the service may run. What was done goes to
stdout; a refusal is one sentence and exit code 1. With `--check` nothing is changed, and exit code 1 says that there is
something to do.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from shared.eventlog.records import NONE
from shared.eventlog.signing import load_key, load_public
from shared.kafka.failures import BROKER_FAILURES
from shared.kernel.clock import HO_CHI_MINH
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.kernel.event import Undecodable, UnknownEventType
from shared.kernel.lanes import LANES
from shared.projections.policy import commands_because_of
from shared.relay.recovery.anew import Fits
from shared.relay.recovery.plan import Plan
from shared.relay.recovery.recover import Outcome, Place, plan_of, recover, report_of
from shared.relay.rule import rule
from shared.relay.signer import checkpoint_file, mirror
from shared.runtime.connect import connected, pooled
from shared.runtime.service import Service
from shared.runtime.settings import migrate_settings, service_settings

_POOL = 3


async def run_recover(service: Service, options: argparse.Namespace) -> int:
    """The command, as the service's command line understood it. May raise `Refused`."""
    logging.getLogger().setLevel(logging.ERROR)  # what matters is said by `_say`
    async with _place(service) as place:
        if options.list:
            await _list(place, json_only=options.json)
            return 0
        if options.rule_out is not None:
            await _rule_out(place, options.rule_out)
            return 0
        try:
            plan = await plan_of(place, _say)
            if options.check:
                _tell(Outcome(plan), json_only=options.json)
                return 1 if plan.tails or plan.gone or plan.missed or plan.look.unstored or plan.contested else 0
            outcome = await recover(place, fits_of(service), _say, accept_loss=options.accept_loss, plan=plan)
            ruled = await _rule(place, plan if outcome.run is None else await plan_of(place, _say))
            if place.file is not None:
                await mirror(place.source, place.file, place.bootstrap)
        except BROKER_FAILURES as failure:
            raise _no_kafka(place.bootstrap, failure) from failure
        _tell(outcome, json_only=options.json)
        for line in [*ruled, *await _effects(place, outcome)]:
            _say(line)
    return 0


def fits_of(service: Service) -> Fits:
    """Whether events may follow others, as the service's own deciders fold them."""
    deciders = list({id(decider): decider for decider in service.deciders.values()}.values())

    def fits(_stream: str, before: Sequence[Recorded], new: Sequence[Recorded]) -> tuple[str, str] | None:
        try:
            events = [service.codec.decode(one.type, one.schema_version, one.data) for one in (*before, *new)]
        except (Undecodable, UnknownEventType) as failure:
            return f"không đọc được: {failure}", f"it cannot be read: {failure}"
        reason = "?"
        for decider in deciders:
            state: Any = None
            try:
                for event in events:
                    state = decider.evolve(state, event)
            except Exception as failure:  # noqa: BLE001  whatever a fold says of an event that is not its own
                reason = f"{type(failure).__name__} {failure}"
                continue
            return None
        return f"không khớp trạng thái hiện nay của dòng ({reason})", f"it does not follow what its stream is now ({reason})"

    return fits


@asynccontextmanager
async def _place(service: Service) -> AsyncGenerator[Place]:
    settings = service_settings(service.name, os.environ)
    owner = migrate_settings(service.name, os.environ)
    signing, key = settings.signing, settings.public_key
    async with (
        pooled(settings.database_url, max_size=_POOL, name=f"lien-the {service.name} recover") as pool,
        connected(owner.owner_url) as connection,
    ):
        yield Place(
            service.name,
            pool,
            connection,
            owner.app_role,
            settings.kafka_bootstrap,
            None if signing is None else checkpoint_file(signing.folder, service.name),
            None if key is None or not key.exists() else load_public(key),
            None if signing is None else load_key(signing.key),
        )


async def _rule(place: Place, plan: Plan) -> list[str]:
    """Sign which record is the log's where two follow, so that readers go on and later ones are not asked."""
    positions = sorted({(node.lane, node.position) for node in plan.contested})
    if not positions:
        return []
    if place.signing is None or place.file is None:
        return [
            f"{len(positions)} vị trí chờ phán quyết ký: đặt CLB_SIGNING_KEY / positions wait for a ruling: set CLB_SIGNING_KEY"
        ]
    lines = list[str]()
    for lane, position in positions:
        ruling = await rule(place.pool, place.source, place.signing, place.file, lane, position, "clb recover")
        done = "không ký được / could not be signed: clb verify" if ruling is None else f"là / is {ruling.hash.hex()[:16]}"
        lines.append(f"  làn / lane {lane}, vị trí / position {position}: {done}")
    return lines


async def _rule_out(place: Place, record: str) -> None:
    """A person says that a record which follows the log on Kafka was written by a stranger. May raise `Refused`."""
    try:
        lane, position, digest = record.split(":")
        where, taken = (int(lane), int(position)), bytes.fromhex(digest)
    except ValueError:
        where, taken = (-1, 0), b""
    if not 0 <= where[0] < LANES or where[1] < 1 or len(taken) != len(NONE):
        raise Refused(
            "no-record",
            "Viết bản ghi theo dạng LÀN:VỊ_TRÍ:HASH (64 chữ số hệ 16), như recover --check --json đã in.",
            "Write the record as LANE:POSITION:HASH (64 hexadecimal digits), as recover --check --json prints it.",
        )
    ruling, file = None, place.file
    if place.signing is not None and file is not None:
        ruling = await rule(place.pool, place.source, place.signing, file, *where, "clb recover --rule-out", taken=taken)
    if file is None or ruling is None or ruling.stands:
        raise Refused(
            "not-ruled",
            "Không ký được: cần CLB_SIGNING_KEY, và nhật ký chưa từng có, ký hay phát gì ở vị trí này (xem clb verify).",
            "It cannot be signed: CLB_SIGNING_KEY is needed, and a log that never had, signed or published anything at this "
            "position (see clb verify).",
            status=409,
        )
    try:
        await mirror(place.source, file, place.bootstrap)
    except BROKER_FAILURES as failure:
        raise _no_kafka(place.bootstrap, failure) from failure
    print(
        f"Đã ký: bản ghi {record} không phải của nhật ký {place.source} / "
        f"signed: the record {record} is not of the log of {place.source}"
    )


async def _effects(place: Place, outcome: Outcome) -> list[str]:
    """What this service's policies did because of events that stand no more. It is told, and stays."""
    lines: list[str] = []
    async with place.pool.acquire() as connection:
        for one in outcome.left_over:
            lines += [
                f"  vì sự kiện / because of the event {one.event.event_id}: lệnh / command {command} ({stream})"
                for command, stream in await commands_because_of(connection, [UUID(one.event.event_id)])
            ]
    return lines


async def _list(place: Place, *, json_only: bool) -> None:
    runs = await place.owner.fetch("select run, at, old_log, accepted, report from recovery.runs order by run")
    left = await place.owner.fetch(
        """select run, lane, position, event_id::text, command_id::text, stream, version, type, recorded_at, actor, data,
            why_vi, why_en from recovery.left_over order by run, lane, position"""
    )
    if json_only:
        found = [
            {
                "run": row["run"], "at": row["at"].isoformat(), "old_log": row["old_log"], "accepted_loss": row["accepted"],
                "report": json.loads(row["report"]),
                "left_over": [
                    {name: value if isinstance(value, int | str) else value.isoformat() for name, value in dict(one).items()}
                    for one in left if one["run"] == row["run"]
                ],
            }
            for row in runs
        ]  # fmt: skip
        print(json.dumps(found, ensure_ascii=False))
        return
    if not runs:
        print("Chưa khôi phục lần nào / no recovery yet")
    for row in runs:
        report = json.loads(row["report"])
        kept = f", bản cũ / old log {row['old_log']}" if row["old_log"] else ""
        at = f"{row['at'].astimezone(HO_CHI_MINH):%d/%m/%Y %H:%M}"
        print(f"{row['run']}  {at}  lấy lại / taken back {report['taken_back']}{kept}")
        for one in left:
            if one["run"] == row["run"]:
                where = f"làn / lane {one['lane']}, {one['stream']} v{one['version']} {one['type']}"
                print(f"  ! {where}: {one['why_vi']} / {one['why_en']}\n    {one['event_id']} {one['data']}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _tell(outcome: Outcome, *, json_only: bool) -> None:
    if json_only:
        report = report_of(outcome.plan, outcome.taken, outcome.anew)
        print(json.dumps({"run": outcome.run, **report}, ensure_ascii=False, sort_keys=True))
        return
    plan = outcome.plan
    _tell_branches(plan)
    if outcome.run is not None:
        print(f"Đã lấy lại / taken back: {outcome.taken} sự kiện / events (recovery {outcome.run})")
    if (anew := outcome.anew) is not None:
        print(
            f"Nhánh kia / the other branch: {anew.appended} nối vào sau / appended behind, {anew.there_already} đã có / there "
            f"already, {len(anew.left_over)} không còn khớp / do not fit; bản cũ / the old log: {anew.old_log}"
        )
        for one in anew.left_over:
            event = one.event
            print(f"  ! {event.stream} v{event.version} {event.type}: {one.why_vi} / {one.why_en}")
            print(f"    {event.event_id} {event.data}")
    _tell_witnesses(plan)
    if not plan.tails and outcome.run is None:
        print("Không có gì phải lấy lại / nothing to take back")


def _tell_branches(plan: Plan) -> None:
    for lane, tail in plan.tails.items():
        first, last, head = tail.nodes[0], tail.nodes[-1], plan.look.heads[lane].position
        print(
            f"làn / lane {lane}: Kafka {tail.after + 1}..{tail.end}"
            + (f", nhật ký có nhánh khác / the log has another branch {tail.after + 1}..{head}" if tail.forked else "")
        )
        for node in (first, last) if first is not last else (first,):
            print(
                f"  {node.position}: {node.event_id} {node.recorded_at} (partition {node.partition}, offset {node.offset}, "
                f"hash {node.hash.hex()[:16]})"
            )


def _tell_witnesses(plan: Plan) -> None:
    ends, heads = plan.ends, plan.heads()
    print(f"Nhật ký / the log: {sum(heads.values())} sự kiện / events; trên Kafka / on Kafka {sum(ends.values())}")
    if plan.signed is not None:
        at = f"{plan.signed.time.astimezone(HO_CHI_MINH):%d/%m/%Y %H:%M}"
        print(f"Điểm kiểm ký / signed checkpoint {at}: {plan.signed.events} sự kiện / events")
    else:
        print("Không có điểm kiểm ký nào để so / there is no signed checkpoint to hold it against")
    for lane, position in sorted(plan.gone.items()):
        print(f"  ✗ làn / lane {lane}: {heads[lane] + 1}..{position} đã mất, không có trên Kafka / is gone and not on Kafka")
    for one in plan.missed:
        if one.position > heads[one.lane]:
            print(f"    {one.by} đã trả lời / has answered: làn / lane {one.lane}, vị trí / position {one.position}")
    for node in plan.contested:
        print(
            f"  ! làn / lane {node.lane}, vị trí / position {node.position}: Kafka có bản ghi thứ hai cũng khớp / has a second "
            f"record that follows (partition {node.partition}, offset {node.offset}, hash {node.hash.hex()[:16]})"
        )
    if plan.loose:
        print(f"  ! {plan.loose} bản ghi trên Kafka không nối vào đâu / records on Kafka follow nothing")


def _no_kafka(bootstrap: str, failure: BaseException) -> Refused:
    return Refused(
        "kafka-unreachable",
        f"Kafka {bootstrap} không trả lời ({type(failure).__name__}): phải có Kafka để biết điều gì đã phát đi.",
        f"Kafka {bootstrap} does not answer ({type(failure).__name__}): without it nobody knows what was published.",
        status=503,
    )
