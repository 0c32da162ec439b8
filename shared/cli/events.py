"""`clb event follow ID`: every hop of one event, from its command to the figures that it moved. Nothing is hidden.

The store's coordinates come from the service, the record from Kafka itself through an independent client, the entries from the
reporting service. Each hop that the event has not made yet is said to be missing.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer

from shared.cli.client import Front, kafka_address, no_answer, open_front
from shared.cli.speech import out, print_json, word
from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.find import Found, find

app = typer.Typer(no_args_is_help=True, help="Sự kiện / events.")


@app.callback()
def events() -> None:
    """Sự kiện / events."""


@app.command()
def follow(
    identity: Annotated[UUID, typer.Argument(metavar="ID", help="The event's id, from the answer of its command.")],
    role: Annotated[str, typer.Option(help="Whose token to use.")] = "centre",
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Theo một sự kiện / follow one event through every hop."""
    with open_front(role) as front:
        stored = front.get(f"/v1/events/{identity}")
        record = _record(stored)
        entries = _entries(front, stored)
    if json:
        print_json({"store": stored, "kafka": None if record is None else asdict(record), "view": entries})
        return
    for name, text in [*_stored_lines(stored), *_record_lines(stored, record), *_entry_lines(entries)]:
        out.print(f"{name:<12} {text}", markup=False)


def _record(stored: dict[str, Any]) -> Found | None:
    bootstrap = kafka_address()
    try:
        return find(bootstrap, stored["topic"], stored["partition"], stored["event_id"], stored["position"])
    except BROKER_FAILURES as failure:
        raise no_answer(bootstrap, failure) from failure


def _entries(front: Front, stored: dict[str, Any]) -> dict[str, Any]:
    at = f"{stored['source']}:{stored['lane']}:{stored['position']}"
    return front.get(f"/v1/events/{stored['event_id']}/entries", at=at)


def _stored_lines(stored: dict[str, Any]) -> list[tuple[str, str]]:
    relayed = word("đã chuyển", "relayed") if stored["relayed"] else word("chưa chuyển", "not relayed yet")
    return [
        (word("lệnh", "command"), f"{stored['command_id']}  {stored['actor']}"),
        (
            word("kho", "store"),
            f"{stored['source']}  {stored['type']} v{stored['schema_version']}  {stored['stream']} #{stored['version']}",
        ),
        ("", f"làn/lane {stored['lane']}, vị trí/position {stored['position']}, {stored['recorded_at']}"),
        ("", f"sha256 {stored['hash']}"),
        (word("chuyển", "relay"), f"{relayed}, {word('tới vị trí', 'up to position')} {stored['relay_position']}"),
    ]


def _record_lines(stored: dict[str, Any], record: Found | None) -> list[tuple[str, str]]:
    if record is None:
        return [("kafka", word("chưa có trong Kafka", "not in Kafka yet"))]
    same = word("hash khớp với kho", "hash equals the store's")
    other = word("HASH KHÁC VỚI KHO", "HASH DIFFERS FROM THE STORE'S")
    return [
        (
            "kafka",
            f"{record.topic}/{record.partition} offset {record.offset}, {record.written_at.isoformat()}, {record.size} B",
        ),
        ("", same if record.hash == stored["hash"] else other),
    ]


def _entry_lines(view: dict[str, Any]) -> list[tuple[str, str]]:
    ledger = word("sổ", "ledger")
    if not view["folded"]:
        return [(ledger, word("chưa vào sổ", "not in the ledger yet"))]
    if not view["entries"]:
        return [(ledger, word("đã vào sổ, không làm đổi số liệu nào", "in the ledger; it changed no figure"))]
    lines = [
        ("", f"{entry['valid_on']}  {entry['place']}  {entry['basis']}  {_amounts(entry['amounts'])}")
        for entry in view["entries"]
    ]
    lines[0] = (ledger, lines[0][1])
    moved = [
        ("", f"{word(figure['vi'], figure['en'])}: {figure['change']:+d}  ({figure['indicator']})")
        for figure in view["figures"]
    ]
    if moved:
        moved[0] = (word("số liệu", "figures"), moved[0][1])
    return lines + moved


def _amounts(amounts: dict[str, int]) -> str:
    return ", ".join(f"{name} {amount:+d}" for name, amount in amounts.items())
