"""The client's own ledger: what was acknowledged, and what the figures must therefore be. It knows nothing of the system."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.prove.stand import Failed, Stand

COMMUNES = {"34:00004": "34:01", "34:15835": "34:38"}
"""Communes of Hà Nội and Thanh Hóa, with their provinces."""


@dataclass
class Acknowledged:
    """One command that was answered with 2xx."""

    key: str
    command: dict[str, Any]
    answer: dict[str, Any]


@dataclass
class Ledger:
    """Everything that one client was told is recorded."""

    stand: Stand
    rows: list[Acknowledged] = field(default_factory=list)

    def send(self, command: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        """Send a command; it must be acknowledged."""
        key = key or str(uuid.uuid4())
        answer = self.stand.post(command, key=key)
        if answer.status_code >= 300:
            raise Failed(f"{command['type']} was answered {answer.status_code} {answer.text[:300]}")
        self.rows.append(Acknowledged(key, command, answer.json()))
        return answer.json()

    def ids(self) -> set[str]:
        """The ids of all events that were acknowledged."""
        return {event["id"] for row in self.rows for event in row.answer["events"]}

    def found(self, clubs: int) -> None:
        """So many clubs, each with its members reported."""
        places = list(COMMUNES)
        for _ in range(clubs):
            number = len(self.rows)
            list_, _, code = places[number % len(places)].partition(":")
            stream = self.send(
                {
                    "type": "clubs.found-club",
                    "data": {
                        "name": f"CLB liên thế hệ tự giúp nhau thôn {number}",
                        "commune": {"code": code, "list": list_},
                        "founded_on": "2025-08-01",
                    },
                }
            )["stream"]
            total = 40 + number % 17
            self.send(
                {
                    "type": "clubs.report-members",
                    "data": {"club": stream, "as_of": "2025-09-01", "basis": "counted", "total": total, "women": total // 2},
                }
            )

    def expected(self) -> dict[str, Counter[str]]:
        """Clubs founded and members, by province and in the nation."""
        clubs: dict[str, str] = {}
        found: dict[str, Counter[str]] = {"clubs-founded": Counter(), "members": Counter()}
        for row in self.rows:
            data = row.command["data"]
            if row.command["type"] == "clubs.found-club":
                clubs[row.answer["stream"]] = COMMUNES[f"{data['commune']['list']}:{data['commune']['code']}"]
                for area in (clubs[row.answer["stream"]], "VN"):
                    found["clubs-founded"][area] += 1
            else:
                for area in (clubs[data["club"]], "VN"):
                    found["members"][area] += data["total"]
        return found

    def shown(self) -> dict[str, Counter[str]]:
        """What the system shows of the same."""
        nation = self.stand.get("/v1/progress")
        provinces = self.stand.get("/v1/progress?group_by=province")
        found: dict[str, Counter[str]] = {"clubs-founded": Counter(), "members": Counter()}
        for area, numbers in [("VN", nation["numbers"]), *((g["key"], g["numbers"]) for g in provinces["groups"])]:
            for number in numbers:
                if number["indicator"] in found and number["value"]:
                    found[number["indicator"]][area] += int(float(number["value"]))
        return {name: +counts for name, counts in found.items()}

    def equal(self) -> bool:
        """Whether the figures are those of the ledger, in the nation and in every province."""
        return self.shown() == {name: +counts for name, counts in self.expected().items()}

    def describe(self) -> str:
        expected = self.expected()
        return f"{expected['clubs-founded']['VN']} clubs, {expected['members']['VN']} members"
