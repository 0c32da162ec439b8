"""One log held against everything that proves it: its chain and heads, its signed checkpoints, the answers of its commands, and
its topic. What `clb verify` does when a person asks, and the relay's process does by itself.

Guarantees that a look which may start behind an earlier one starts only at positions whose hashes were signed, so that nothing
is taken on the database's own word. Refuses to repair, and to call a log sound where a witness was silent without saying which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from shared.eventlog.checkpoints import BadCheckpoint, Head, is_ruling, numbered
from shared.eventlog.links import hashes_at
from shared.eventlog.marks import Finding, Marks, marks_of
from shared.eventlog.rulings import Ruling, read_statement
from shared.eventlog.signing import PublicKey
from shared.eventlog.stored import StoredLog
from shared.eventlog.verification import first_of_lanes, verify_stored
from shared.kernel.database import Pool
from shared.relay.recovery.branches import Rulings
from shared.relay.witness import Reached, Witnessed, against_kafka

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in both languages."""

    vi: str
    en: str


@dataclass(slots=True)
class Report:
    """What was found of one log."""

    source: str
    rows: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])
    checkpoints: int = 0
    last_checkpoint: str | None = None
    notes: list[Said] = field(default_factory=list[Said])
    """What could not be looked at, and what stands on the topic without being of the log."""
    bad: list[Said] = field(default_factory=list[Said])
    """What is wrong without being a row: with the checkpoints themselves, with rows of no lane."""
    kafka: int | None = None
    read: int = 0
    """How many rows were read: all of them, or those since an earlier look."""

    @property
    def sound(self) -> bool:
        """Whether nothing contradicts the log."""
        return not self.findings and not self.bad

    @property
    def wrong(self) -> int:
        """How many things contradict it."""
        return len(self.findings) + len(self.bad)


def marks_from(report: Report, lines: Iterable[str], public: PublicKey | None) -> Marks:
    """What the checkpoints say; a line that is none, or not signed by the key, is told in the report."""
    rulings: list[Ruling] = []
    try:
        marks = marks_of(numbered(_without_rulings(lines, public, rulings), public, report.source))
    except BadCheckpoint as bad:
        report.bad.append(Said(f"điểm kiểm: {bad}", f"checkpoints: {bad}"))
        return Marks()
    marks.rulings = [ruling for ruling in rulings if ruling.source == report.source]
    report.checkpoints, report.last_checkpoint = marks.count, marks.last.time.isoformat() if marks.last else None
    report.bad += [
        Said(f"thiếu điểm kiểm trước dòng {gap}", f"a checkpoint is missing before line {gap}") for gap in marks.missing_lines
    ]
    for one in marks.given_up:
        at, lanes = one.time.isoformat(timespec="seconds"), ", ".join(f"{lane}: {kept}" for lane, kept in one.given_up)
        report.notes.append(
            Said(
                f"điểm kiểm lúc {at} từ bỏ những gì đã ký và đã mất, sau các vị trí (làn: vị trí) {lanes}",
                f"the checkpoint of {at} gives up what was signed and is gone, behind the positions (lane: position) {lanes}",
            )
        )
    if not marks.count:
        report.notes.append(Said("không có điểm kiểm nào để so", "there are no checkpoints to hold it against"))
    elif public is None:
        report.notes.append(Said("không có khoá công khai: chữ ký chưa được kiểm", "no public key: no signature was checked"))
    return marks


def _without_rulings(lines: Iterable[str], public: PublicKey | None, rulings: list[Ruling]) -> Iterator[str]:
    """The lines as they are; rulings among them are noted. May raise `BadCheckpoint`."""
    for line in lines:
        if is_ruling(line):
            said = read_statement(line, public)
            if isinstance(said, Ruling):
                rulings.append(said)
        yield line


def starts_from(marks: Marks, proved: Mapping[int, int]) -> dict[int, Head]:
    """Of each lane the newest signed position that an earlier look has proved already, with its signed hash."""
    found: dict[int, Head] = {}
    for lane, position in proved.items():
        below = [mark for mark in marks.of(lane) if mark[0] <= position]
        if below:
            found[lane] = below[-1][:2]
    return found


async def check_store(
    report: Report,
    pool: Pool,
    log: StoredLog,
    marks: Marks,
    tell: Tell = lambda _: None,
    starts: Mapping[int, Head] | None = None,
) -> None:
    """Rows against chain, heads, checkpoints and answers. `starts`: as `starts_from` found them."""
    report.rows = sum(head.position for head in log.heads.values())
    known = starts or {}
    log.starts = {lane: position for lane, (position, _) in known.items()}
    report.read = report.rows - sum(log.starts.values())
    findings = [*await _at_the_starts(pool, known), *await verify_stored(log, marks, tell, starts=known)]
    findings += await log.without_answer()
    if outside := await log.outside():
        report.bad.append(Said(f"{outside} hàng ở làn không có", f"{outside} rows in lanes that do not exist"))
    report.findings = first_of_lanes([*report.findings, *findings])


async def check_topic(
    report: Report,
    pool: Pool,
    marks: Marks,
    bootstrap: str,
    tell: Tell = lambda _: None,
    *,
    since: Reached | None = None,
    pause: float = 0.0,
) -> Witnessed:
    """Rows against the topic, after `check_store`. May raise what kafka-python raises."""
    ruled = Rulings.of(marks.rulings, marks.given_up)
    witnessed = await against_kafka(pool, report.source, bootstrap, tell, since=since, pause=pause, ruled=ruled)
    stained = {finding.lane for finding in report.findings}
    signed = {lane: positions[-1] for lane, positions in enumerate(marks.positions) if positions}
    findings = [
        _topic_lies(each) if each.lane not in stained and each.position <= signed.get(each.lane, 0) else each
        for each in witnessed.findings
    ]
    report.findings = first_of_lanes([*report.findings, *findings])
    report.kafka = witnessed.records
    if witnessed.strangers:
        count, first = witnessed.strangers, witnessed.first_stranger
        report.notes.append(
            Said(
                f"{count} bản ghi trên Kafka không phải của nhật ký này (đầu tiên: {first}): xem ./clb set-aside list",
                f"{count} records on Kafka are none of this log's (the first: {first}): see ./clb set-aside list",
            )
        )
    return witnessed


def _topic_lies(finding: Finding) -> Finding:
    """The store holds at this row what was signed, so it is Kafka that differs."""
    return replace(
        finding,
        vi=f"{finding.vi}; kho đúng như điểm kiểm đã ký",
        en=f"{finding.en}; the store is as the checkpoints were signed",
    )


async def _at_the_starts(pool: Pool, starts: Mapping[int, Head]) -> list[Finding]:
    """The rows at which the look begins are still those that were signed."""
    async with pool.acquire() as connection:
        held = await hashes_at(connection, [(lane, position) for lane, (position, _) in starts.items()])
    return [
        Finding(
            lane,
            1,
            position,
            "checkpoint",
            "khác với điểm kiểm đã ký: nhật ký đã bị viết lại",
            "differs from a signed checkpoint: the log was rewritten",
        )
        for lane, (position, digest) in starts.items()
        if held.get((lane, position)) != digest
    ]
