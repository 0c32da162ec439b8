"""`clb letters list|show|replay`: events that a view could not read, with their raw bytes, and reading them again in order.

Over HTTP with the operator's token, by the same way as the page of sources. Refuses what the service refuses, in its words.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from shared.cli.client import Front, open_front
from shared.cli.speech import Json, out, print_json, word
from shared.kernel.errors import Refused
from shared.web.routing import VIEWS

app = typer.Typer(no_args_is_help=True, help="Sự kiện chưa đọc được / events that could not be read (dead letters).")

ViewOption = Annotated[str | None, typer.Option("--view", help="One view; all if not given.")]
StreamOption = Annotated[str | None, typer.Option("--stream", help="One stream; all if not given.")]


@app.command("list")
def listing(view: ViewOption = None, stream: StreamOption = None, json: Json = False) -> None:
    """Liệt kê / what could not be read, and what waits behind it."""
    with open_front("operator") as front:
        found = _letters(front, view, stream)
    if json:
        print_json(found)
        return
    for letter in found:
        mark = "✗" if letter["poison"] else "…"
        where = f"{letter['view']} {letter['source']}:{letter['lane']}:{letter['position']}"
        out.print(f"{mark} {where:<36} {letter['stream']:<44} {letter['reason'][:120]}", markup=False)
    if not found:
        out.print(word("Không có sự kiện nào để riêng", "no event is parked"), markup=False)


@app.command()
def show(
    at: Annotated[str, typer.Argument(metavar="SOURCE:LANE:POSITION", help="As `clb letters list` shows it.")],
    view: Annotated[str, typer.Option("--view", help="The view that could not read it.")] = "figures",
    json: Json = False,
) -> None:
    """Xem / one letter: where it stood, why it failed, its headers and bytes."""
    if not re.fullmatch(r"[a-z]+:\d+:\d+", at):
        raise Refused("unknown-letter", "Hãy ghi nguồn:làn:vị-trí, ví dụ clubs:7:12.", "Write it like clubs:7:12.")
    with open_front("operator") as front:
        letter = front.get(f"/v1/projections/{view}/letters/{at.replace(':', '/')}")
    if json:
        print_json(letter)
        return
    rows = [
        (word("ở đâu", "where"), f"{letter['topic']}/{letter['partition']} offset {letter['kafka_offset']}"),
        (word("dòng", "stream"), letter["stream"]),
        (word("vì sao", "why"), letter["reason"]),
        (word("từ lúc", "since"), letter["parked_at"]),
        *((name, value if value is not None else "null") for name, value in letter["headers"]),
        (f"{letter['bytes']} B", letter["text"] if letter["text"] is not None else f"base64 {letter['value']}"),
    ]
    for name, value in rows:
        out.print(f"{name:<16} {value}", markup=False)


@app.command()
def replay(
    view: ViewOption = None,
    stream: StreamOption = None,
    json: Json = False,
) -> None:
    """Đọc lại / read again, in order, up to the first of each stream that still fails. The exit code is 1 if some wait."""
    answers: list[dict[str, Any]] = []
    with open_front("operator", seconds=600) as front:
        parked = {(letter["view"], letter["stream"]): None for letter in _letters(front, view, stream)}
        for name, each in parked:
            again = front.post(f"/v1/projections/{name}/letters:replay", {"stream": each})
            answers.append({"view": name, "stream": each, **again})
    if json:
        print_json(answers)
    for answer in () if json else answers:
        mark, reason = ("✗", f": {answer['reason']}") if answer["waiting"] else ("✓", "")
        counts = f"{answer['applied']} {word('đã đọc', 'read')}, {answer['waiting']} {word('còn chờ', 'waiting')}"
        out.print(f"{mark} {answer['view']} {answer['stream']}: {counts}{reason}", markup=False)
    raise typer.Exit(1 if any(answer["waiting"] for answer in answers) else 0)


def _letters(front: Front, view: str | None, stream: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in (view,) if view else VIEWS:
        found += front.get(f"/v1/projections/{name}/letters", stream=stream, limit=500)["letters"]
    return found
