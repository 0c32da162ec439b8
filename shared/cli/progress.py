"""`clb progress show` and `clb trace`: figures in the terminal, and what is behind one, asked of the front over HTTP.

Guarantees that every table carries both clocks, and says what is generated, declared or provisional. `--json` gives the
server's answer as it is.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from shared.cli.client import Front, open_front
from shared.cli.speech import grouped, out, print_json
from shared.kernel.errors import Refused

Json = dict[str, Any]
app = typer.Typer(no_args_is_help=True, help="Tiến độ / progress: figures by area and date.")

AsOf = Annotated[str | None, typer.Option("--as-of", help="Facts true on this day: 2025-05-08 or 08/05/2025.")]
KnownAt = Annotated[str | None, typer.Option("--known-at", help="Facts received by this day or instant.")]
Map = Annotated[str | None, typer.Option("--map", help="63 or 34.")]
Area = Annotated[str | None, typer.Option("--area", help="VN, 34:38, 34:14758, region:tay-nguyen.")]
Indicator = Annotated[str | None, typer.Option("--indicator", help="Slugs, comma between; see /v1/indicators.")]
Role = Annotated[str | None, typer.Option("--role", help="Read with this role's token (single clubs); or set CLB_TOKEN.")]
AsJson = Annotated[bool, typer.Option("--json", help="The server's answer as it is.")]
COLUMNS = 5


@app.callback()
def group() -> None:
    """Keeps `show` a command of its own."""


@app.command()
def show(
    *,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    map: Map = None,
    area: Area = None,
    indicator: Indicator = None,
    group_by: Annotated[str | None, typer.Option("--group-by", help="province, region, commune, club or month.")] = None,
    basis: Annotated[str | None, typer.Option("--basis", help="counted, declared or estimated.")] = None,
    role: Role = None,
    as_json: AsJson = False,
) -> None:
    """Bảng tiến độ / the table of progress."""
    with open_front(role) as front:
        answer = front.get(
            "/v1/progress",
            as_of=as_of,
            known_at=known_at,
            map=map,
            area=area,
            indicator=indicator,
            group_by=group_by,
            basis=basis,
        )
    if as_json:
        print_json(answer)
        return
    show_progress(answer)


def show_progress(answer: Json) -> None:
    """The answer as tables: the whole, and the groups if it was cut."""
    _stamp(answer)
    table = Table("Chỉ tiêu / indicator", "Số liệu", "Ghi chú / notes", "Mã số / id", title=escape(answer["area"]["name"]))
    table.columns[1].justify = "right"
    for number in answer["numbers"]:
        table.add_row(
            escape(number["title"]["vi"]),
            f"[bold]{number['display']['vi']}[/bold]",
            escape("; ".join(_notes(number))),
            number["id"],
        )
    out.print(table)
    if answer["groups"]:
        _groups(answer)


def _groups(answer: Json) -> None:
    shown = answer["numbers"][:COLUMNS]
    table = Table("", *(escape(number["title"]["vi"]) for number in shown))
    for column in table.columns[1:]:
        column.justify = "right"
    for group in answer["groups"]:
        cells = {number["indicator"]: number for number in group["numbers"]}
        name = escape(group["name"]) + (" (chờ phân định)" if group.get("undecided") else "")
        table.add_row(name, *(_cell(cells.get(number["indicator"])) for number in shown))
    out.print(table)
    if len(answer["numbers"]) > COLUMNS:
        out.print(
            f"[dim]{COLUMNS}/{len(answer['numbers'])} cột; chọn bằng --indicator. / columns; choose with --indicator.[/dim]"
        )


def _cell(number: Json | None) -> str:
    if number is None:
        return ""
    return number["display"]["vi"] + ("*" if number.get("source") in ("declared", "mixed") else "")


def _notes(number: Json) -> list[str]:
    said = [number["mix"]["vi"]] if number["mix"] else []
    if number["source"] == "declared" and len(number["declarations"]) == 1:
        said.append(number["declarations"][0]["words"]["vi"])
    said += [f"{aim['scheme']}: {aim['words']['vi']}" for aim in number["targets"]]
    said += [note["vi"] for note in number["notes"]]
    if number["others"]:
        said.append(f"{len(number['others'])} nguồn khác")
    return said


def _stamp(answer: Json) -> None:
    heard = [each for each in answer.get("freshness", []) if each["kind"] == "province"]
    sent = sum(each["last_event_at"] is not None for each in heard)
    parts = [
        f"Tính đến / as of {answer['as_of']}",
        f"đã biết đến / known at {answer['known_at']}",
        f"bản đồ {answer['map_version']}",
    ]
    if heard:
        parts.append(f"{sent}/{len(heard)} tỉnh đã gửi")
    if answer["provisional"]:
        parts.append("tạm thời / provisional")
    out.print(escape(" · ".join(parts)))
    if answer.get("generated"):
        out.print("[bold magenta]Có dữ liệu mô phỏng / contains generated data[/bold magenta]")


def trace(
    number_id: Annotated[str | None, typer.Argument(help="Mã số liệu / the id of a number.")] = None,
    *,
    indicator: Indicator = None,
    area: Area = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    map: Map = None,
    page: Annotated[int, typer.Option("--page", min=1)] = 1,
    part: Annotated[str, typer.Option("--component", help="Of a share: part or whole.")] = "part",
    role: Role = None,
    as_json: AsJson = False,
) -> None:
    """Vì sao có số này / why a number is what it is: its entries, events and sources, summed and checked by the server."""
    with open_front(role) as front:
        if number_id is None:
            number_id = _find(front, indicator=indicator, area=area, as_of=as_of, known_at=known_at, map=map)
        answer = front.get(f"/v1/numbers/{number_id}/trace", page=page, component=part)
    if as_json:
        print_json(answer)
        return
    show_trace(answer)


def _find(front: Front, **question: str | None) -> str:
    if question["indicator"] is None:
        raise Refused(
            "what-to-trace",
            "Hãy ghi mã số liệu, hoặc --indicator (và --area, --as-of, --known-at).",
            "Give the id of a number, or --indicator (with --area, --as-of, --known-at).",
        )
    return str(front.get("/v1/progress", **question)["numbers"][0]["id"])


def show_trace(answer: Json) -> None:
    """The answer as tables: the number, its parts one level below, a page of entries, the check."""
    _stamp(answer)
    number, check = answer["number"], answer["check"]
    out.print(
        f"[bold]{escape(number['title']['vi'])}[/bold], {escape(answer['area']['name'])}: "
        f"[bold]{number['display']['vi']}[/bold]"
    )
    out.print(escape(answer["definition"]["formula"]["vi"]))
    for note in _notes(number):
        out.print(f"  {escape(note)}")
    for claim in answer["declarations"]:
        out.print(f"  {escape(claim['words']['vi'])}: {escape(claim['source'])}")
    if answer["subtotals"]:
        below = Table("Địa bàn / area", "Cộng / sum", "Bút toán / entries")
        for line in answer["subtotals"]:
            below.add_row(escape(line["name"]), grouped(line["amount"]), grouped(line["entries"]))
        out.print(below)
    entries = Table("Ngày / valid on", "Biết lúc / known at", "Số / amount", "Nơi / place", "Sự kiện / event")
    for entry in answer["entries"]:
        entries.add_row(*_entry(entry))
    out.print(entries)
    out.print(f"Trang {answer['page']}/{answer['pages']}; cộng trang / page subtotal: {grouped(answer['page_subtotal'])}")
    verdict = "[green]=[/green]" if check["equal"] else "[red]≠[/red]"
    out.print(f"Kiểm tra / check: {check['entries']} + {check['declared']} kê khai {verdict} {check['value']}")


def _entry(entry: Json) -> tuple[str, ...]:
    place = escape(entry["place"]["name"])
    if "event" not in entry:
        return "", "", grouped(entry["amount"], signed=True), place, f"{entry['clubs']} câu lạc bộ"
    event = entry["event"]
    seen = f" {entry['stream']} {entry['actor']}" if entry["stream"] else ""
    where = f"{event['type']} {event['id']} ({event['source']}:{event['lane']}:{event['position']}){seen}"
    return entry["valid_on"], entry["known_at"][:16], grouped(entry["amount"], signed=True), place, escape(where)
