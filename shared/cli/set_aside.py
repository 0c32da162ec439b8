"""`clb set-aside list|show`: records on Kafka that no reader believed, with the record that stands in their place, and their
bytes.

Over HTTP with the operator's token, from every service: each reads for itself. What a stranger wrote is shown so that a
terminal cannot be told anything by it: control characters are written out. Refuses what the services refuse, in their words.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from shared.cli.client import Front, open_front
from shared.cli.speech import Json, err, out, print_json, word
from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES
from shared.projections.set_aside import KINDS, plain

app = typer.Typer(no_args_is_help=True, help="Bản ghi để ngoài / records that were set aside: no reader believed them.")

SourceOption = Annotated[str | None, typer.Option("--source", help="Of one log: clubs, trainings, monitoring, reporting.")]
_SHOWN = 2_000


@app.command("list")
def listing(source: SourceOption = None, json: Json = False) -> None:
    """Liệt kê / every record that was set aside, by kind, and what each kind means."""
    with open_front("operator") as front:
        found = _records(front, source)
    if json:
        print_json(found)
        return
    for kind, words in KINDS.items():
        some = [each for each in found if each["kind"] == kind]
        if not some:
            continue
        out.print(f"{kind} ({len(some)}): {word(*words)}", style="bold", markup=False)
        for each in some:
            where = f"{each['topic']}/{each['partition']}@{each['kafka_offset']}"
            out.print(f"  {where:<28} {_position(each):<20} {_hashes(each)}  {plain(each['reason'])[:160]}", markup=False)
            out.print(f"    {word('thấy bởi', 'seen by')} {', '.join(each['seen_by'])}", markup=False)
    if not found:
        out.print(word("Không có bản ghi nào để ngoài", "no record was set aside"), markup=False)


@app.command()
def show(
    at: Annotated[str, typer.Argument(metavar="TOPIC/PARTITION@OFFSET", help="As `clb set-aside list` shows it.")],
    json: Json = False,
) -> None:
    """Xem / one record: where it stands, why it was not believed, what stands in its place, its headers and bytes."""
    named = re.fullmatch(r"([A-Za-z0-9._-]+)/(\d+)@(\d+)", at)
    if named is None:
        raise Refused(
            "unknown-record", "Hãy ghi chủ-đề/phân-vùng@offset, ví dụ clubs.events/3@12.", "Write it like clubs.events/3@12."
        )
    with open_front("operator") as front:
        found = _one(front, "/".join(named.groups()))
    if json:
        print_json(found)
        return
    stands = f"{found['stands_hash'] or '-'}"
    if found["stands_offset"] is not None and found["stands_offset"] >= 0:
        stands += f" ({found['topic']}/{found['partition']}@{found['stands_offset']})"
    rows = [
        (word("ở đâu", "where"), at),
        (word("vị trí", "position"), _position(found)),
        (word("loại", "kind"), f"{found['kind']}: {word(*KINDS[found['kind']])}"),
        (word("vì sao", "why"), found["reason"]),
        (word("từ lúc", "since"), found["seen_at"]),
        (word("nó mang", "it carries"), found["hash"] or "-"),
        (word("đang đứng", "there stands"), stands),
        ("key", found["key"] if found["key"] is not None else "null"),
        *((name, value if value is not None else "null") for name, value in found["headers"]),
        (f"{found['bytes']} B", found["text"] if found["text"] is not None else f"base64 {found['value']}"),
    ]
    for name, value in rows:
        out.print(f"{plain(name):<16} {plain(value)[:_SHOWN]}", markup=False)


def _records(front: Front, source: str | None) -> list[dict[str, Any]]:
    """Each record once, with the services that set it aside. A service that does not answer is named."""
    found: dict[tuple[str, int, int], dict[str, Any]] = {}
    for service in SERVICES:
        try:
            answer = front.get(f"/{service}/v1/set-aside", source=source, limit=500)
        except Refused as refused:
            if refused.status not in (502, 503):
                raise
            err.print(f"! {word(refused.vi, refused.en)}", markup=False)
            continue
        for each in answer["records"]:
            where = (each["topic"], each["partition"], each["kafka_offset"])
            found.setdefault(where, {**each, "seen_by": []})["seen_by"].append(service)
    return list(found.values())


def _one(front: Front, path: str) -> dict[str, Any]:
    """From the first service that has it. May raise its `Refused`."""
    missing: Refused | None = None
    for service in SERVICES:
        try:
            return front.get(f"/{service}/v1/set-aside/{path}")
        except Refused as refused:
            if refused.status not in (404, 503):
                raise
            missing = refused
    assert missing is not None  # noqa: S101  there are services
    raise missing


def _position(record: dict[str, Any]) -> str:
    if record["source"] is None or record["position"] is None:
        return "-"
    return f"{plain(record['source'])}:{record['lane']}:{record['position']}"


def _hashes(record: dict[str, Any]) -> str:
    return f"{(record['hash'] or '-')[:12]} / {(record['stands_hash'] or '-')[:12]}"
