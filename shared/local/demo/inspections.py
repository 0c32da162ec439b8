"""Inspections with findings, recommendations, remedies and re-checks: a few of the centre a year, and the provinces' own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import sqrt
from random import Random

from shared.kernel.place import PlaceRef
from shared.local.demo.entries import Scene, office_hours
from shared.local.demo.registry import NEW_MAP, Club
from shared.reference.book import Places

_Finding = dict[str, object]
_QUESTIONS = ("within-remit-and-law", "activities-serve-their-purpose", "support-reaches-the-right-people")
_OF_AUTHORITY = (
    ("authority-passive", "Chưa chủ động tham mưu cấp ủy, chính quyền", "Ban hành kế hoạch năm và phân công người phụ trách"),
    ("weak-coordination", "Phối hợp với Mặt trận và các đoàn thể chưa chặt chẽ", "Ký quy chế phối hợp"),
    ("weak-communication", "Tuyên truyền về mô hình còn yếu", "Bố trí thời lượng trên đài truyền thanh cơ sở"),
    ("no-starting-fund", "Chưa bố trí kinh phí hỗ trợ quỹ ban đầu", "Đưa hỗ trợ quỹ ban đầu vào dự toán năm sau"),
    ("remote-area", "Địa bàn vùng sâu, đồng bào dân tộc chưa có CLB", "Khảo sát, vận động thành lập CLB ở thôn vùng sâu"),
)
_OF_CLUB = (
    ("areas-missing", "CLB chưa thực hiện đủ tám mảng hoạt động", "Xây dựng kế hoạch tháng đủ tám mảng"),
    ("no-meeting-place", "CLB chưa có nơi sinh hoạt ổn định", "Bố trí nhà văn hóa thôn cho CLB sinh hoạt"),
    ("too-little-lending", "Quỹ để lâu, ít thành viên được vay", "Rà soát nhu cầu và cho vay quay vòng"),
    ("books-missing", "Sổ sách quỹ ghi chép chưa đầy đủ", "Lập lại sổ quỹ theo biểu mẫu tập huấn"),
    ("club-inactive", "CLB sinh hoạt không đều hằng tháng", "Kiện toàn ban chủ nhiệm, khôi phục sinh hoạt hằng tháng"),
)


def write_inspections(clubs: Sequence[Club], scene: Scene) -> None:
    """All delegations, in no order. A scaled-down country has fewer, though not in proportion."""
    rng, until = scene.rng, scene.parameters.until
    part = sqrt(scene.parameters.scale)
    by_province: defaultdict[str, list[Club]] = defaultdict(list)
    for club in clubs:
        by_province[club.province.code].append(club)
    codes = sorted(by_province)
    for year in range(2021, until.year + 1):
        for number in range(max(1, round(4 * part))):
            _inspect(f"centre/{year}/{number}", "lead-department", by_province[rng.choice(codes)], _day(rng, year), scene)
        for code in codes:
            if rng.random() < 0.6 * part:
                _inspect(f"{code}/{year}", "province-department", by_province[code], _day(rng, year), scene)


def _day(rng: Random, year: int) -> date:
    return date(year, rng.randint(3, 11), rng.randint(1, 27))


def _inspect(key: str, led_by: str, members: Sequence[Club], day: date, scene: Scene) -> None:
    rng, places, book = scene.rng, scene.places, scene.book
    known = [club for club in members if club.recorded_at.date() < day and club.lives_on(day)]
    visited = rng.sample(known, min(len(known), rng.randint(2, 6)))
    if not visited:
        return
    province = _province(places, visited[0], day)
    of_team = "Cục" if led_by == "lead-department" else "tỉnh, thành phố"
    days = rng.randint(1, 3)
    facts: dict[str, object] = {
        "title": f"Đoàn kiểm tra của {of_team} tại {places.name(province)}, {day:%m/%Y}",
        "team": {"led_by": led_by, "members": rng.randint(3, 7)},
        "starts_on": day.isoformat(),
        "places": [province.model_dump()],
        "generated": True,
    }
    plan = {**facts, "ends_on": (day + timedelta(days=days)).isoformat(), "questions": list(_QUESTIONS)}
    told = office_hours(rng, day - timedelta(days=rng.randint(14, 45)))
    if not book.add(f"inspection/{key}", "monitoring.plan-inspection", plan, told, "state"):
        return
    inspection = f"inspection-{book.id_of(f'inspection/{key}')}"
    completed_on = day + timedelta(days=days)
    findings = _findings(visited, province, (day, completed_on), rng)
    at = office_hours(rng, completed_on + timedelta(days=rng.randint(3, 30)), told)
    report = {
        **facts,
        "inspection": inspection,
        "completed_on": completed_on.isoformat(),
        "clubs_visited": [club.stream for club in visited],
        "answers": [{"question": question, "satisfied": rng.random() < 0.8} for question in _QUESTIONS],
        "findings": findings,
    }
    if book.add(f"inspection/{key}/completed", "monitoring.complete-inspection", report, at, "state"):
        for finding in findings:
            if "recommendation" in finding:
                _follow_up(f"inspection/{key}", inspection, finding["number"], (completed_on, at), scene)


def _findings(visited: Sequence[Club], province: PlaceRef, days: tuple[date, date], rng: Random) -> list[_Finding]:
    day, completed_on = days
    findings: list[dict[str, object]] = []
    for number in range(1, rng.randint(1, 4) + 1):
        about_club = rng.random() < 0.55
        kind, text, advice = rng.choice(_OF_CLUB if about_club else _OF_AUTHORITY)
        finding: _Finding = {"number": number, "kind": kind, "text": text, "place": province.model_dump()}
        if about_club:
            club = rng.choice(visited)
            commune = club.commune_now if day >= NEW_MAP else club.commune
            finding |= {"club": club.stream, "place": commune.model_dump()}
        if rng.random() < 0.85:
            deadline = completed_on + timedelta(days=rng.choice((30, 60, 90, 180)))
            finding["recommendation"] = {"text": advice, "deadline": deadline.isoformat()}
        findings.append(finding)
    return findings


def _follow_up(key: str, inspection: str, number: object, reported: tuple[date, datetime], scene: Scene) -> None:
    """Two in three recommendations are remedied, half of those re-checked; what does not satisfy is remedied again."""
    rng, book = scene.rng, scene.book
    if rng.random() > 0.67:
        return
    turn, (day, at) = 0, reported
    while turn < 2:
        day += timedelta(days=rng.randint(20, 150))
        at = office_hours(rng, day + timedelta(days=rng.randint(1, 20)), at)
        base = {"inspection": inspection, "finding": number}
        remedy = {**base, "remedied_on": day.isoformat()}
        if not book.add(f"{key}/{number}/remedied/{turn}", "monitoring.remedy-recommendation", remedy, at, "state"):
            return
        if rng.random() > 0.55:
            return
        day += timedelta(days=rng.randint(20, 90))
        at = office_hours(rng, day + timedelta(days=rng.randint(1, 15)), at)
        satisfied = rng.random() < 0.82
        recheck = {**base, "rechecked_on": day.isoformat(), "satisfied": satisfied}
        recorded = book.add(f"{key}/{number}/rechecked/{turn}", "monitoring.recheck-recommendation", recheck, at, "state")
        if satisfied or not recorded:
            return
        turn += 1


def _province(places: Places, club: Club, day: date) -> PlaceRef:
    return places.successor(club.province) if day >= NEW_MAP else club.province
