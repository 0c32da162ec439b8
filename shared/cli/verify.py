"""`clb verify`, `clb dump` and `clb checkpoint`: whether a stored event was changed, removed or put in since it was recorded.

Three witnesses: the hash chain of each lane with its head, the signed checkpoints, and the topic, read by an independent
client. The exit code is 1 if one of them contradicts the store. With `--dump` it needs neither a database nor a network.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.cli.client import kafka_address, no_answer
from shared.cli.meter import Meter
from shared.cli.speech import Json, err, grouped, known_service, out, print_json, word
from shared.cli.stack import DataDirOption, path_of
from shared.eventlog.checkpoints import read_file
from shared.eventlog.marks import Finding, Marks
from shared.eventlog.signing import PublicKey, load_public
from shared.eventlog.stored import DumpedLog, StoredLog, write_dump
from shared.eventlog.verification import first_of_lanes, verify_stored
from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.independent import read_topic, record_count
from shared.kafka.topics import checkpoints_topic, topic_of
from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES
from shared.local.reach import checkpoints_folder, database, public_key_path
from shared.local.verified import Verified, keep
from shared.relay.signer import checkpoint_file
from shared.relay.verification import Report, check_store, check_topic, marks_from

Source = Annotated[list[str] | None, typer.Option("--source", help="clubs, trainings, monitoring, reporting; all if none.")]


def verify(
    *,
    source: Source = None,
    checkpoints: Annotated[Path | None, typer.Option(help="A file of signed checkpoints; the service's own if none.")] = None,
    public_key: Annotated[Path | None, typer.Option(help="The public key (PEM); that of the data directory if none.")] = None,
    dump: Annotated[Path | None, typer.Option(help="A file made by `clb dump`: no database and no network are needed.")] = None,
    kafka: Annotated[bool, typer.Option("--kafka/--no-kafka", help="Compare with the topic, record by record.")] = True,
    data_dir: DataDirOption = None,
    json: Json = False,
) -> None:
    """Kiểm tra nhật ký / check the log: was a stored event changed, removed or added? The exit code is 0 if not."""
    folder = path_of(data_dir)
    public = _public(public_key, folder)
    if dump is not None:
        reports = [asyncio.run(_of_dump(dump, checkpoints, public, quiet=json))]
    else:
        reports = [
            asyncio.run(_of_database(name, checkpoints, public, folder, kafka=kafka, quiet=json)) for name in _sources(source)
        ]
    if json:
        print_json([{**asdict(report), "sound": report.sound} for report in reports])
    else:
        for report in reports:
            _show(report)
    raise typer.Exit(0 if all(report.sound for report in reports) else 1)


def dump(
    source: Annotated[str, typer.Argument(help="clubs, trainings, monitoring or reporting")],
    to: Annotated[Path, typer.Option(help="A new file; gzipped if its name ends in .gz.")],
    data_dir: DataDirOption = None,
) -> None:
    """Xuất nhật ký / export a log as NDJSON, to be verified elsewhere."""
    (name,) = _sources([source])
    if to.exists():
        raise Refused("in-the-way", f"{to} đã có: chọn tên khác.", f"{to} is there already: choose another name.")
    rows = asyncio.run(_dump(name, to, path_of(data_dir)))
    out.print(f"{to}: {grouped(rows)} {word('hàng', 'rows')}", markup=False)


async def _dump(source: str, to: Path, data_dir: Path) -> int:
    async with database(source, data_dir) as pool:
        log = await StoredLog.open(pool, source)
        with Meter(f"{source} → {to.name}", sum(head.position for head in log.heads.values())) as meter:
            return await write_dump(log, to, datetime.now(UTC), meter.at)


async def _of_dump(path: Path, checkpoints: Path | None, public: PublicKey | None, *, quiet: bool) -> Report:
    log = DumpedLog(path)
    report = Report(log.source)
    marks = marks_from(report, read_file(checkpoints) if checkpoints else (), public)
    total = report.rows = sum(head.position for head in log.heads.values())
    with nullcontext() if quiet else Meter(path.name, total) as meter:
        report.findings = first_of_lanes(await verify_stored(log, marks, meter.at if meter else lambda _: None))
    return report


async def _of_database(
    source: str, checkpoints: Path | None, public: PublicKey | None, folder: Path, *, kafka: bool, quiet: bool
) -> Report:
    report = Report(source)
    file = checkpoints or checkpoint_file(checkpoints_folder(folder), source)
    marks = marks_from(report, read_file(file) if checkpoints or file.exists() else (), public)
    async with database(source, folder) as pool:
        log = await StoredLog.open(pool, source)
        total = sum(head.position for head in log.heads.values())
        with nullcontext() if quiet else Meter(f"{source}: {word('kho', 'store')}", total) as meter:
            await check_store(report, pool, log, marks, meter.at if meter else lambda _: None)
        if kafka:
            await _kafka(report, pool, marks, quiet=quiet)
    keep(folder, Verified(source, datetime.now(UTC), report.sound, report.rows, report.checkpoints))
    return report


async def _kafka(report: Report, pool: Any, marks: Marks, *, quiet: bool) -> None:
    address = kafka_address()
    try:
        total = await asyncio.to_thread(record_count, address, topic_of(report.source))
        with nullcontext() if quiet else Meter(f"{report.source}: Kafka", total) as meter:
            await check_topic(report, pool, marks, address, meter.at if meter else lambda _: None)
    except BROKER_FAILURES as failure:
        raise no_answer(address, failure) from failure


def _public(given: Path | None, data_dir: Path) -> PublicKey | None:
    path = given or public_key_path(data_dir)
    return load_public(path) if given or path.exists() else None


def _sources(wanted: list[str] | None) -> tuple[str, ...]:
    return tuple(known_service(name) for name in wanted or SERVICES)


def _show(report: Report) -> None:
    mark = "✓" if report.sound else "✗"
    verdict = word("nguyên vẹn", "intact") if report.sound else word("KHÔNG nguyên vẹn", "NOT intact")
    looked = [f"{grouped(report.rows)} {word('hàng', 'rows')}", f"{report.checkpoints} {word('điểm kiểm', 'checkpoints')}"]
    if report.kafka is not None:
        looked.append(f"Kafka {grouped(report.kafka)}")
    style = "green" if report.sound else "bold red"
    out.print(f"{mark} {report.source}: {verdict} ({', '.join(looked)})", style=style, markup=False)
    for said in report.bad:
        out.print(f"  ✗ {word(said.vi, said.en)}", style="red", markup=False)
    for number, finding in enumerate(report.findings):
        first = f"{word('hàng đầu tiên', 'the first row')}: " if number == 0 else ""
        out.print(f"  ✗ {first}{describe(finding)}", style="red", markup=False)
    for said in report.notes:
        err.print(f"  ! {word(said.vi, said.en)}", markup=False)


def describe(finding: Finding) -> str:
    """A finding in one line: where, which stream, what, by which witness."""
    span = str(finding.position) if finding.exact else f"{finding.position}..{finding.until}"
    stream = f", {word('dòng', 'stream')} {finding.stream}" if finding.stream else ""
    where = f"{word('làn', 'lane')} {finding.lane}, {word('vị trí', 'position')} {span}{stream}"
    return f"{where}: {word(finding.vi, finding.en)} [{finding.witness}]"


def checkpoint_lines(bootstrap: str, source: str) -> list[str]:
    """The checkpoints on the topic, as lines."""
    return [
        record.value.decode("utf-8", "replace")
        for batch in read_topic(bootstrap, checkpoints_topic(source))
        for record in batch
        if record.value is not None
    ]
