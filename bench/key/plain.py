"""The answer key by a short program of plain Python: lines of workload W in, the table of areas, months and measures out.

Imports nothing of ours, knows the events by their JSON alone. Passes over an event whose data lack what it needs (the poison of
W-dirty), as the product parks it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

Key = tuple[str, str, str]


def table(lines: Iterable[bytes], places: str) -> dict[Key, int]:
    """Area, month and measure to amount. `places` is the tab separated table of communes."""
    provinces: dict[str, tuple[str, str]] = {}
    for line in places.splitlines():
        key, old, new = line.split("\t")
        provinces[key] = (f"63:{old}", f"34:{new}")
    clubs: dict[str, tuple[str, str]] = {}
    last: dict[str, tuple[int, int]] = {}
    sums: dict[Key, int] = defaultdict(int)
    for line in lines:
        event = json.loads(line)
        data, stream = event["data"], event["stream"]
        match event["type"]:
            case "clubs.club-founded":
                where = clubs[stream] = provinces[_place(data["commune"])]
                found = [(data["founded_on"], "clubs_founded", 1)]
            case "clubs.members-reported":
                where, before = clubs[stream], last.get(stream, (0, 0))
                now = last[stream] = (data["total"], data["women"])
                found = [(data["as_of"], "members", now[0] - before[0]), (data["as_of"], "women", now[1] - before[1])]
            case "clubs.month-reported":
                where, found = clubs[stream], list(_month(data))
            case "trainings.training-held" if "place" in data:
                where = provinces[_place(data["place"])]
                people = sum(part["women"] + part["men"] for part in data["participants"])
                found = [(data["starts_on"], "rounds", 1), (data["starts_on"], "participants", people)]
            case "monitoring.inspection-completed":
                where = provinces[_place(data["places"][0])]
                day = data["completed_on"]
                found = [(day, "inspections", 1), (day, "clubs_visited", len(data["clubs_visited"]))]
            case _:
                continue
        for day, measure, amount in found:
            for area in ("VN", *where):
                sums[area, day[:7], measure] += amount
    return sums


def _month(data: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    yield data["month"], "month_reports", 1
    yield data["month"], "meetings", int(data["meeting_held"])
    yield data["month"], "loans_total", data["loans"]["total"]


def _place(place: dict[str, str]) -> str:
    return f"{place['list']}:{place['code']}"
