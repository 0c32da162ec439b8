"""What verifications of a log have found, kept in the service's own database: the last hundred, newest first.

Each says what was read, what was found, and up to where the next one may trust it. Refuses nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.kernel.database import Connection
from shared.relay.verification import Report
from shared.relay.witness import Reached

_KEPT = 100


@dataclass(frozen=True, slots=True)
class Verification:
    """One verification. `whole`: every row and record was read, not only those since an earlier one."""

    began_at: datetime
    ended_at: datetime
    whole: bool
    sound: bool
    rows: int
    read: int
    checkpoints: int
    kafka: int | None
    findings: tuple[dict[str, Any], ...]
    notes: tuple[dict[str, str], ...]

    @property
    def lasted(self) -> timedelta:
        """How long it took."""
        return self.ended_at - self.began_at


@dataclass(frozen=True, slots=True)
class Proved:
    """Up to where the log was proved by sound verifications, and when all of it was."""

    whole_at: datetime
    positions: dict[int, int]
    topic: Reached


async def install(connection: Connection, app_role: str) -> None:
    """Create what is missing, by the owner. Repeatable."""
    await connection.execute(
        f"""
        create schema if not exists relay;
        create table if not exists relay.verifications (
            id bigint generated always as identity primary key,
            began_at timestamptz not null, ended_at timestamptz not null,
            whole boolean not null, sound boolean not null,
            rows bigint not null, read bigint not null, checkpoints int not null, kafka bigint,
            findings text not null, notes text not null,
            proved text
        );
        grant usage on schema relay to "{app_role}";
        grant select, insert, delete on relay.verifications to "{app_role}";
        """
    )


async def keep(
    connection: Connection, report: Report, began_at: datetime, ended_at: datetime, *, whole: bool, proved: Proved | None
) -> None:
    """Remember one, and forget those of long ago."""
    findings = [*(asdict(each) for each in report.findings), *(asdict(each) for each in report.bad)]
    await connection.execute(
        """insert into relay.verifications
        (began_at, ended_at, whole, sound, rows, read, checkpoints, kafka, findings, notes, proved)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        began_at, ended_at, whole, report.sound, report.rows, report.read, report.checkpoints, report.kafka,
        _text(findings), _text([asdict(note) for note in report.notes]), None if proved is None else _text(_of(proved)),
    )  # fmt: skip
    await connection.execute(
        "delete from relay.verifications where id <= (select max(id) from relay.verifications) - $1", _KEPT
    )


async def last(connection: Connection) -> Verification | None:
    """The newest one; None before the first."""
    row: Any = await connection.fetchrow(
        """select began_at, ended_at, whole, sound, rows, read, checkpoints, kafka, findings, notes
        from relay.verifications order by id desc limit 1"""
    )
    if row is None:
        return None
    fields: dict[str, Any] = {**row, **{name: tuple(json.loads(row[name])) for name in ("findings", "notes")}}
    return Verification(**fields)


async def last_sound_at(connection: Connection) -> datetime | None:
    """When the last one ended that found nothing."""
    found: Any = await connection.fetchval("select max(ended_at) from relay.verifications where sound")
    return found


async def proved(connection: Connection) -> Proved | None:
    """What the newest verification has proved; None if it found something, or if there was none."""
    row: Any = await connection.fetchrow("select sound, proved from relay.verifications order by id desc limit 1")
    if row is None or not row["sound"] or row["proved"] is None:
        return None
    found: Any = json.loads(row["proved"])
    positions, on_topic, offsets = ({int(key): value for key, value in found[name].items()} for name in _NAMES)
    return Proved(datetime.fromisoformat(found["whole_at"]), positions, Reached(on_topic, offsets))


_NAMES = ("positions", "on_topic", "offsets")


def _of(proved: Proved) -> dict[str, Any]:
    values = (proved.positions, proved.topic.positions, proved.topic.offsets)
    return {"whole_at": proved.whole_at.isoformat(), **dict(zip(_NAMES, values, strict=True))}


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
