"""Training rounds: those of the plan's lead department, 4 to 7 a year and the priority regions first, those of the
association's centre, and the provinces' own, which train provisional boards before the foundings that cite them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

from shared.kernel.place import PlaceRef
from shared.local.demo.entries import Scene, Side, office_hours
from shared.local.demo.registry import NEW_MAP, Club
from shared.reference.book import Places

LEAD_ROUNDS = {2021: 4, 2022: 5, 2023: 5, 2024: 6, 2025: 4, 2026: 7}
"""Rounds of the lead department a year, of which the plan asks 5 to 7 in 2024 and 2025."""

_PRIORITY = ("trung-du-mien-nui-phia-bac", "tay-nguyen", "dong-bang-song-cuu-long")
_CONTENTS = ("founding-and-consolidation", "management-and-activities", "inspection-and-supervision")
_Facts = dict[str, object]
_Sort = tuple[str, str, str]
"""Organiser, level, kind."""
_REASONS = ("Địa phương xin lùi do sắp xếp đơn vị hành chính", "Chưa bố trí được kinh phí", "Thời tiết mưa lũ")


def name_provisional_boards(clubs: Sequence[Club], rng: Random) -> list[tuple[str, list[Club]]]:
    """Choose clubs whose provisional boards were trained before the founding, in groups of one course."""
    groups: defaultdict[tuple[str, int, int], list[Club]] = defaultdict(list)
    for club in clubs:
        if club.founded_on > date(2021, 1, 1) and club.recorded_at.date() < NEW_MAP and rng.random() < 0.7:
            groups[club.province.code, club.founded_on.year, (club.founded_on.month - 1) // 3].append(club)
    courses: list[tuple[str, list[Club]]] = []
    for (code, year, quarter), members in sorted(groups.items(), key=lambda group: group[0]):
        for start in range(0, len(members), 12):
            course = members[start : start + 12]
            name = f"{code}-{year}-{quarter + 1}-{start // 12 + 1}"
            for number, club in enumerate(course, 1):
                club.provisional_board = f"BLT {name}/{number:02d}"
            courses.append((name, course))
    return courses


def write_trainings(clubs: Sequence[Club], courses: Sequence[tuple[str, list[Club]]], scene: Scene) -> None:
    """All rounds, in no order."""
    for name, course in courses:
        _first_course(name, course, scene)
    _supplementary(clubs, scene)
    _national(scene)
    _regional_conferences(scene)


def _first_course(name: str, course: Sequence[Club], scene: Scene) -> None:
    rng = scene.rng
    ends_on = min(club.founded_on for club in course) - timedelta(days=rng.randint(12, 45))
    province = course[0].province
    boards = [club.provisional_board for club in course]
    facts = _facts(
        f"Tập huấn ban đầu về thành lập, quản lý và vận hành CLB, {scene.places.name(province)}, {ends_on:%m/%Y}",
        ("project" if course[0].project else "province-department", "province", "first-course"),
        _CONTENTS[:2],
        (ends_on - timedelta(days=rng.choice((2, 4))), ends_on),
        (province,),
    )
    held = {"provisional_boards": boards, **_people(rng, board=len(boards) * rng.randint(5, 6), officers=rng.randint(4, 14))}
    _round(f"first/{name}", facts, held, scene, "state", cancelled=False)


def _supplementary(clubs: Sequence[Club], scene: Scene) -> None:
    rng, places, until = scene.rng, scene.places, scene.parameters.until
    waiting: defaultdict[str, list[Club]] = defaultdict(list)
    for club in clubs:
        if club.provisional_board is None and rng.random() < 0.72:
            waiting[club.province.code].append(club)
    for code, members in sorted(waiting.items()):
        members.sort(key=lambda club: (club.recorded_at, club.index))
        for start in range(0, len(members), 17):
            group = members[start : start + 17]
            earliest = max(group[-1].recorded_at.date(), date(2021, 3, 1)) + timedelta(days=20)
            day = earliest + timedelta(days=int(max(0, (until - earliest).days - 30) * rng.random() ** 1.6))
            place = _on(places, group[0].province, day)
            facts = _facts(
                f"Tập huấn bổ sung cho ban chủ nhiệm CLB, {places.name(place)}, {day:%m/%Y}",
                ("province-department", "province", "supplementary"),
                _CONTENTS[: rng.randint(2, 3)],
                (day - timedelta(days=1), day),
                (place,),
            )
            held = {"clubs": [club.stream for club in group], **_people(rng, board=len(group) * 4, officers=rng.randint(3, 20))}
            _round(f"more/{code}/{start}", facts, held, scene, "state", cancelled=rng.random() < 0.04)


def _national(scene: Scene) -> None:
    """The lead department's rounds: northern mountains, Tây Nguyên and Tây Nam Bộ before the others."""
    rng, places, until = scene.rng, scene.places, scene.parameters.until
    first = [place for region in _PRIORITY for place in places.provinces("63") if places.region(place) == region]
    others = [place for place in places.provinces("63") if place not in first]
    rng.shuffle(first)
    rng.shuffle(others)
    queue = [*first, *others]
    for year in range(2021, until.year + 1):
        for number in range(LEAD_ROUNDS.get(year, 6)):
            day = date(year, 3 + number if number < 6 else 10, rng.randint(4, 24))
            covered = [_on(places, queue.pop(0), day) for _ in range(3) if queue]
            covered = list(dict.fromkeys(covered)) or [_on(places, first[number], day)]
            facts = _facts(
                f"Đợt tập huấn {number + 1} năm {year} triển khai Đề án nhân rộng CLB LTHTGN",
                ("lead-department", "regional", "training-of-trainers"),
                _CONTENTS,
                (day, day + timedelta(days=2)),
                covered,
            )
            held = _people(rng, board=rng.randint(20, 40), officers=rng.randint(40, 70))
            held["costs"] = [{"source": "state-budget", "amount": rng.randint(90, 260) * 1_000_000}]
            _round(f"lead/{year}/{number}", facts, held, scene, "state", cancelled=False)


def _regional_conferences(scene: Scene) -> None:
    rng, places, until = scene.rng, scene.places, scene.parameters.until
    for year in range(2021, until.year + 1):
        for number in range(6 if year == 2022 else rng.randint(2, 4)):
            day = date(year, 4 + number, rng.randint(3, 26))
            covered = list(dict.fromkeys(_on(places, place, day) for place in rng.sample(places.provinces("63"), 8)))
            facts = _facts(
                f"Hội nghị tập huấn cụm {number + 1} năm {year} của Trung ương Hội Người cao tuổi",
                ("association-centre", "regional", "conference"),
                _CONTENTS[:2],
                (day, day),
                covered,
            )
            held = _people(rng, board=rng.randint(0, 30), officers=rng.randint(70, 120))
            _round(f"centre/{year}/{number}", facts, held, scene, "association", cancelled=False)


def _facts(title: str, sort: _Sort, contents: Sequence[str], days: tuple[date, date], provinces: Sequence[PlaceRef]) -> _Facts:
    organiser, level, kind = sort
    starts_on, ends_on = days
    return {
        "title": title,
        "organiser": organiser,
        "level": level,
        "kind": kind,
        "contents": list(contents),
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
        "place": provinces[0].model_dump(),
        "provinces": [province.model_dump() for province in provinces],
        "generated": True,
    }


def _people(rng: Random, *, board: int, officers: int) -> dict[str, object]:
    women = round(board * rng.uniform(0.5, 0.75))
    officer_women = round(officers * rng.uniform(0.3, 0.6))
    people = board + officers
    return {
        "participants": [
            {"role": "board-member", "women": women, "men": board - women},
            {"role": "association-officer", "women": officer_women, "men": officers - officer_women},
        ],
        "attendances": people * rng.randint(2, 5),
        "distinct_people": people,
    }


def _round(
    key: str, facts: Mapping[str, object], held: Mapping[str, object], scene: Scene, side: Side, *, cancelled: bool
) -> None:
    """Planned weeks before, then held or cancelled; a third of the provinces' rounds are reported without a plan."""
    rng, book = scene.rng, scene.book
    starts_on, ends_on = date.fromisoformat(str(facts["starts_on"])), date.fromisoformat(str(facts["ends_on"]))
    planned = cancelled or facts["level"] != "province" or rng.random() < 0.66
    data: dict[str, object] = {**facts, **held}
    told = None
    if planned:
        told = office_hours(rng, starts_on - timedelta(days=rng.randint(15, 60)))
        if not book.add(f"round/{key}", "trainings.plan-training", facts, told, side):
            return
        data["round"] = f"round-{book.id_of(f'round/{key}')}"
    if cancelled:
        cancelled_on = starts_on - timedelta(days=rng.randint(1, 9))
        at = office_hours(rng, cancelled_on, told)
        cancel = {"round": data["round"], "cancelled_on": cancelled_on.isoformat(), "reason": rng.choice(_REASONS)}
        book.add(f"round/{key}/cancelled", "trainings.cancel-training", cancel, at, side)
        return
    at = office_hours(rng, ends_on + timedelta(days=rng.randint(2, 40)), told)
    book.add(f"round/{key}/held" if planned else f"round/{key}", "trainings.hold-training", data, at, side)


def _on(places: Places, province: PlaceRef, day: date) -> PlaceRef:
    """The province by the map in force on a day."""
    return places.successor(province) if day >= NEW_MAP else province
