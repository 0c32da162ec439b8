"""The turns of a club's life beside its reports: boards renewed (kiện toàn), clubs suspended, resumed and dissolved."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from shared.local.demo.entries import OPENING, Book, office_hours
from shared.local.demo.registry import Club

_REASONS = (
    "Ban chủ nhiệm chưa kiện toàn sau sắp xếp đơn vị hành chính",
    "Địa bàn rộng, các hộ ở xa nhau, khó sinh hoạt đều",
    "Chưa có quỹ ban đầu, hoạt động chủ yếu dựa vào đóng góp của thành viên",
    "Chưa có địa điểm sinh hoạt ổn định",
)


def plan_life(club: Club, rng: Random, until: date) -> None:
    """Decide whether and when the club is suspended or dissolved, before anything is reported."""
    start = max(club.recorded_at.date(), date(2021, 6, 1)) + timedelta(days=200)
    days = (until - start).days - 120
    if days < 60:
        return
    roll = rng.random()
    if roll < 0.022:
        since = start + timedelta(days=rng.randint(0, days))
        resumed = since + timedelta(days=rng.randint(90, 420))
        club.suspended = (since, resumed if rng.random() < 0.5 and resumed < until - timedelta(days=30) else None)
    elif roll < 0.029:
        club.dissolved_on = max(date(2024, 3, 1), start + timedelta(days=rng.randint(0, days)))
        club.last_word = office_hours(rng, club.dissolved_on + timedelta(days=rng.randint(3, 40)))


def write_life(club: Club, rng: Random, book: Book, until: date) -> None:
    """The commands of what `plan_life` decided, and of renewed boards."""
    if club.suspended is not None:
        since, until_ = club.suspended
        told = office_hours(rng, since + timedelta(days=rng.randint(2, 30)), club.recorded_at)
        data = {"club": club.stream, "suspended_on": since.isoformat(), "reason": rng.choice(_REASONS)}
        book.add(f"suspend/{club.index}", "clubs.suspend-club", data, told)
        if until_ is not None:
            again = office_hours(rng, until_ + timedelta(days=rng.randint(1, 20)), told)
            book.add(
                f"resume/{club.index}", "clubs.resume-club", {"club": club.stream, "resumed_on": until_.isoformat()}, again
            )
    _renewals(club, rng, book, until)
    if club.dissolved_on is not None and club.last_word is not None:
        data = {"club": club.stream, "dissolved_on": club.dissolved_on.isoformat(), "reason": rng.choice(_REASONS)}
        book.add(f"dissolve/{club.index}", "clubs.dissolve-club", data, club.last_word)


def _renewals(club: Club, rng: Random, book: Book, until: date) -> None:
    day = max(club.founded_on + timedelta(days=700), OPENING) + timedelta(days=rng.randint(0, 900))
    number = 0
    while day < until and number < 2:
        at = office_hours(rng, day + timedelta(days=rng.randint(3, 60)), club.recorded_at)
        if club.lives_on(day) and (club.last_word is None or at < club.last_word) and rng.random() < 0.45:
            size = rng.choices((3, 5, 7, 9), (1, 12, 4, 1))[0]
            data = {"club": club.stream, "renewed_on": day.isoformat(), "board_size": size}
            if rng.random() < 0.7:
                data["decision_number"] = f"{rng.randint(8, 300)}/QĐ-UBND"
            book.add(f"board/{club.index}/{number}", "clubs.renew-board", data, at)
        number += 1
        day += timedelta(days=rng.randint(850, 1400))
