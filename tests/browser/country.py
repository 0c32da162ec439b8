"""A country small enough to know by heart, as commands: what the browser tests look at.

Hà Nội (34:01), two clubs in Ba Đình (34:00004): 60 and 40 members, the second of a generated registry. Thanh Hóa (34:38): one
club of 50 in the old ward Đông Thọ (63:14758), which was divided, one of 70 in Thiệu Trung (34:15835), and one there that was
dissolved. Khánh Hòa (34:56): one club of 55 in old Ninh Thuận (63:22738). So 6 were founded, 5 exist, with 275 members.

One training round of the lead department was held and one is planned. One inspection in Thanh Hóa left two recommendations:
one is overdue, one was remedied. Published figures and targets are rows of the points file. Ids are fixed; days that must be
recent are counted back from the day of the test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shared.kernel.clock import day_of, system_clock
from shared.local.demo.plan import plan_targets
from shared.reference.book import load
from shared.reference.points.commands import commands_of
from shared.reference.points.reader import read_points

TODAY = day_of(system_clock())
LAST_MONTH = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)
REPORTED_ON = TODAY - timedelta(days=40)
INSPECTED_ON = TODAY - timedelta(days=200)
DEADLINE = TODAY - timedelta(days=100)

NATION = {"code": "VN", "list": "34"}
BA_DINH = {"code": "00004", "list": "34"}
THIEU_TRUNG = {"code": "15835", "list": "34"}
DONG_THO = {"code": "14758", "list": "63"}
DO_VINH = {"code": "22738", "list": "63"}
THANH_HOA = {"code": "38", "list": "34"}


@dataclass(frozen=True)
class Club:
    """A club of the country; `stream` is its name in every address."""

    number: int
    name: str
    commune: Mapping[str, str]
    founded_on: str
    members: int
    women: int
    aged_60_plus: int
    generated: bool = False
    dissolved_on: str | None = None

    @property
    def stream(self) -> str:
        return f"club-{identity(self.number)}"


def identity(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


CLUBS = (
    Club(1, "CLB liên thế hệ tự giúp nhau Ngọc Hà", BA_DINH, "2021-05-20", 60, 45, 42),
    Club(2, "CLB liên thế hệ tự giúp nhau Đội Cấn", BA_DINH, "2024-02-20", 40, 26, 30, generated=True),
    Club(3, "CLB liên thế hệ tự giúp nhau Đông Thọ", DONG_THO, "2019-02-20", 50, 25, 35),
    Club(4, 'CLB "Tình thương" <thôn 3> & bạn', THIEU_TRUNG, "2025-09-02", 70, 44, 49),
    Club(5, "CLB liên thế hệ tự giúp nhau Đô Vinh", DO_VINH, "2022-06-15", 55, 33, 36),
    Club(6, "CLB liên thế hệ tự giúp nhau Thiệu Trung", THIEU_TRUNG, "2020-10-10", 52, 30, 33, dissolved_on="2025-12-15"),
)
ROUND = f"round-{identity(101)}"
PLANNED_ROUND = f"round-{identity(102)}"
INSPECTION = f"inspection-{identity(201)}"

POINTS = """\
date,area,metric,value,source
2020-08-31,Việt Nam,target_new_clubs_min_by_2025,3000,Quyết định 1336/QĐ-TTg
2025-08-01,Việt Nam,target_new_clubs_min_by_2035,12000,Quyết định 1648/QĐ-TTg
2023-12-31,Việt Nam,clubs_total,6521,Quyết định 1335/QĐ-LĐTBXH ngày 29/8/2024
2023-12-31,Việt Nam,members_total,456470,Quyết định 1335/QĐ-LĐTBXH ngày 29/8/2024
2023-12-31,Thanh Hóa [63],clubs_total,1164,Báo cáo năm 2023 của tỉnh
2024-12-31,Việt Nam,clubs_total,8432,helpagevietnam.org
"""


def of_clubs() -> list[str]:
    """Foundings, members, last month's report, and the end of one club; for the association's centre to send."""
    sent: list[str] = []
    for club in CLUBS:
        number = club.number
        facts = {"name": club.name, "commune": club.commune, "founded_on": club.founded_on, "generated": club.generated}
        sent.append(_command(number, "clubs.found-club", facts))
        counted = {"total": club.members, "women": club.women, "aged_60_plus": club.aged_60_plus}
        as_of = "2025-11-30" if club.dissolved_on else REPORTED_ON.isoformat()
        members = {"club": club.stream, "as_of": as_of, "basis": "counted", **counted}
        sent.append(_command(number + 10, "clubs.report-members", members))
        if club.dissolved_on:
            end = {"club": club.stream, "dissolved_on": club.dissolved_on, "reason": "Sáp nhập với câu lạc bộ thôn 3"}
            sent.append(_command(number + 30, "clubs.dissolve-club", end))
        else:
            sent.append(_command(number + 20, "clubs.report-month", {"club": club.stream, **_month(number)}))
    return sent


def of_the_state() -> list[str]:
    """Rounds, the inspection, published figures, targets; for the ministry to send."""
    return [*_rounds(), *_inspection(), *_published()]


def _command(number: int, type: str, data: Mapping[str, Any]) -> str:
    return json.dumps({"id": identity(number), "type": type, "data": data}, ensure_ascii=False)


def _month(number: int) -> dict[str, Any]:
    return {
        "month": LAST_MONTH.isoformat(),
        "meeting_held": True,
        "met_on": (LAST_MONTH + timedelta(days=14)).isoformat(),
        "areas": {"health": {"checkups_organised": 1, "members_checked": 20 + number}, "rights": {"talks": 2}},
        "income_fund": 50_000_000 + number * 1_000_000,
        "operating_fund": 5_000_000,
        "loans": {"borrowers": 10, "number": 12, "total": 36_000_000},
    }


def _rounds() -> list[str]:
    facts = {
        "title": "Đợt tập huấn 1 triển khai Đề án nhân rộng",
        "organiser": "lead-department",
        "level": "regional",
        "kind": "training-of-trainers",
        "contents": ["founding-and-consolidation", "management-and-activities"],
        "place": THANH_HOA,
        "provinces": [THANH_HOA],
    }
    held_on, planned_on = TODAY - timedelta(days=60), TODAY + timedelta(days=30)
    first = {**facts, "starts_on": held_on.isoformat(), "ends_on": (held_on + timedelta(days=2)).isoformat()}
    people = [{"role": "board-member", "women": 30, "men": 20}, {"role": "association-officer", "women": 15, "men": 15}]
    held = {
        **first,
        "round": ROUND,
        "clubs": [CLUBS[3].stream],
        "participants": people,
        "attendances": 240,
        "distinct_people": 80,
    }
    second = {**facts, "title": "Đợt tập huấn 2", "starts_on": planned_on.isoformat(), "ends_on": planned_on.isoformat()}
    return [
        _command(101, "trainings.plan-training", first),
        _command(103, "trainings.hold-training", held),
        _command(102, "trainings.plan-training", second),
    ]


def _inspection() -> list[str]:
    facts = {
        "title": "Đoàn kiểm tra của Cục tại Thanh Hóa",
        "team": {"led_by": "lead-department", "members": 5},
        "starts_on": INSPECTED_ON.isoformat(),
        "places": [THANH_HOA],
    }
    findings = [
        _finding(1, "books-missing", "Sổ sách quỹ ghi chép chưa đầy đủ", "Lập lại sổ quỹ", THIEU_TRUNG, CLUBS[3].stream),
        _finding(2, "weak-coordination", "Phối hợp chưa chặt chẽ", "Ký quy chế phối hợp", THANH_HOA),
    ]
    plan = {**facts, "ends_on": INSPECTED_ON.isoformat(), "questions": ["within-remit-and-law"]}
    report = {
        **facts,
        "inspection": INSPECTION,
        "completed_on": (INSPECTED_ON + timedelta(days=1)).isoformat(),
        "clubs_visited": [CLUBS[3].stream],
        "answers": [{"question": "within-remit-and-law", "satisfied": True}],
        "findings": findings,
    }
    remedy = {"inspection": INSPECTION, "finding": 2, "remedied_on": _back(120)}
    return [
        _command(201, "monitoring.plan-inspection", plan),
        _command(202, "monitoring.complete-inspection", report),
        _command(203, "monitoring.remedy-recommendation", remedy),
    ]


def _finding(
    number: int, kind: str, text: str, advice: str, place: Mapping[str, str], club: str | None = None
) -> dict[str, Any]:
    recommendation = {"text": advice, "deadline": DEADLINE.isoformat()}
    found = {"number": number, "kind": kind, "text": text, "place": place, "recommendation": recommendation}
    return found if club is None else {**found, "club": club}


def _back(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def _published() -> list[str]:
    reading = read_points(POINTS.encode(), load())
    assert not reading.problems, reading.problems
    return [command.to_json() for command in (*commands_of(reading.points, "points.csv"), *plan_targets())]


def day_text(day: date) -> str:
    """A day as pages write it."""
    return f"{day:%d/%m/%Y}"
