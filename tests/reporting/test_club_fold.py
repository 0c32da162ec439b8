"""The fold of a club against an independent count, on both clocks, for random lives with late and corrected reports."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from services.reporting.ledger.club import Club
from services.reporting.ledger.club_fold import fold_club, whole
from services.reporting.ledger.entries import Book
from services.reporting.ledger.fold import fold
from services.reporting.ledger.keys import Keys
from services.reporting.ledger.measures import NAMES
from services.reporting.ledger.state import Parts, Subject, changed, decode, encode
from shared.events.clubs import ClubDissolved, ClubFounded, MembersReported, MonthReported
from shared.kernel.place import PlaceRef
from shared.reference.book import load
from tests.reporting.histories import START, life
from tests.reporting.recount import founded_in, recount

KEYS = Keys(load())
COMMUNE = PlaceRef(code="14758", list="34")


def entries_of(history):
    state, rows = None, []
    for at, event in history:
        state, entries = fold(state, event, KEYS)
        rows.extend((at, entry) for entry in entries)
    return state, rows


def figures(rows, on: date, known_at: datetime) -> Counter[tuple[str, str, str]]:
    sums: Counter[tuple[str, str, str]] = Counter()
    for at, entry in rows:
        if at <= known_at and entry.valid_on <= on.toordinal():
            for number, amount in entry.amounts.items():
                sums[entry.key.place, entry.key.cohort, NAMES[number]] += amount
    return sums


@pytest.mark.parametrize("seed", range(60))
def test_the_ledger_sums_to_what_a_plain_recount_of_the_reports_gives_for_any_day_as_known_at_any_instant(seed):
    rng = random.Random(seed)
    history = life(rng, rng.randrange(3, 60))
    _, rows = entries_of(history)
    instants = [at for at, _ in history]
    for _ in range(25):
        on = START + timedelta(days=rng.randrange(365 * 8))
        known_at = rng.choice(instants)
        place, cohort = founded_in(history, known_at)
        sums = figures(rows, on, known_at)
        for name, value in recount(history, on, known_at).items():
            assert sums.pop((place, cohort, name), 0) == value, (name, on, known_at)
        checked = {"members", "women", "aged_60_plus", "poor", "clubs_active", "funds_both", "borrowers", "members_stale"}
        assert not [key for key, value in sums.items() if value and key[2] in checked]


@pytest.mark.parametrize("seed", range(40))
def test_what_events_add_up_to_is_the_whole_timeline_of_the_state_they_lead_to(seed):
    state, rows = entries_of(life(random.Random(1000 + seed), 50))
    assert isinstance(state, Club)
    book = Book()
    whole(book, state, KEYS, 1)
    for _, entry in rows:
        book.at(entry.key).add(entry.valid_on, entry.basis, entry.amounts, -1)
    assert list(book.entries()) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_state_survives_its_bytes_and_has_the_same_bytes_again(seed):
    state, _ = entries_of(life(random.Random(2000 + seed), 40))
    assert decode(encode(state)) == state
    assert encode(decode(encode(state))) == encode(state)


@pytest.mark.parametrize("seed", range(20))
def test_the_parts_that_an_event_changed_laid_over_those_that_were_stored_are_the_parts_of_the_new_state(seed):
    history = life(random.Random(3000 + seed), 40)
    stored: Parts = {}
    for _, event in history:
        state, _ = fold(decode(stored) if stored else None, event, KEYS)
        stored = {**stored, **changed(state, stored)}
        assert stored == encode(state)


def test_what_a_report_stores_is_its_year_however_long_the_club_has_been_reporting():
    state: Subject | None = None
    written: dict[int, dict[int, int]] = {}
    for year in range(2022, 2036):
        for month in range(1, 13):
            if state is None:
                state, _ = fold(None, FOUNDED, KEYS)
            state = decode(encode(state))
            report = MonthReported(month=date(year, month, 1), meeting_held=True, income_fund=month, operating_fund=year)
            before = encode(state)
            state, _ = fold(state, report, KEYS)
            written[year] = {part: len(data) for part, data in changed(state, before).items()}
    assert [set(parts) for parts in written.values()] == [{year} for year in written]
    assert len({parts[year] for year, parts in written.items()}) == 1


def at(minutes: int) -> datetime:
    return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)


FOUNDED = ClubFounded(name="CLB", commune=COMMUNE, founded_on=date(2021, 5, 1))


def test_a_late_snapshot_moves_the_difference_to_its_own_day_and_leaves_later_figures_alone():
    book = Book()
    club = fold_club(None, FOUNDED, KEYS, Book())
    club = fold_club(club, MembersReported(as_of=date(2024, 3, 1), basis="counted", total=60), KEYS, Book())
    fold_club(club, MembersReported(as_of=date(2024, 1, 1), basis="counted", total=50), KEYS, book)
    members = {entry.valid_on: entry.amounts.get(10) for entry in book.entries() if entry.amounts.get(10)}
    assert members == {date(2024, 1, 1).toordinal(): 50, date(2024, 3, 1).toordinal(): -50}


def test_a_snapshot_that_repeats_the_numbers_of_the_same_day_writes_nothing():
    book = Book()
    club = fold_club(None, FOUNDED, KEYS, Book())
    report = MembersReported(as_of=date(2024, 3, 1), basis="counted", total=60, women=40)
    fold_club(fold_club(club, report, KEYS, Book()), report, KEYS, book)
    assert list(book.entries()) == []


def test_an_attribute_left_blank_is_unknown_and_not_zero():
    _, rows = entries_of([(at(0), FOUNDED), (at(1), MembersReported(as_of=date(2024, 1, 1), basis="counted", total=60))])
    sums = figures(rows, date(2024, 2, 1), at(9))
    assert (sums[COMMUNE.key, "1336", "members"], sums[COMMUNE.key, "1336", "women_stated"]) == (60, 0)


def test_a_club_is_active_for_90_days_after_a_meeting_and_meetings_that_overlap_count_once():
    history = [(at(0), FOUNDED)]
    history += [(at(n), MonthReported(month=date(2024, n, 1), meeting_held=True, met_on=date(2024, n, 10))) for n in (1, 2)]
    _, rows = entries_of(history)
    active = [
        figures(rows, day, at(99))[COMMUNE.key, "1336", "clubs_active"]
        for day in (date(2024, 1, 9), date(2024, 1, 10), date(2024, 5, 9), date(2024, 5, 10))
    ]
    assert active == [0, 1, 1, 0]


def test_a_dissolved_club_still_counts_as_founded_but_leaves_the_clubs_that_exist_and_the_members():
    history = [
        (at(0), FOUNDED),
        (at(1), MembersReported(as_of=date(2024, 1, 1), basis="counted", total=60)),
        (at(2), ClubDissolved(dissolved_on=date(2024, 6, 1), reason="hết")),
    ]
    _, rows = entries_of(history)
    sums = figures(rows, date(2024, 6, 1), at(9))
    assert [sums[COMMUNE.key, "1336", name] for name in ("clubs_founded", "clubs_existing", "members")] == [1, 0, 0]


def test_members_unreported_for_twelve_months_are_shown_as_stale_until_a_newer_report_comes():
    history = [(at(0), FOUNDED), (at(1), MembersReported(as_of=date(2024, 2, 29), basis="counted", total=60))]
    _, rows = entries_of(history)
    stale = "members_stale"
    assert figures(rows, date(2025, 2, 27), at(9))[COMMUNE.key, "1336", stale] == 0
    assert figures(rows, date(2025, 2, 28), at(9))[COMMUNE.key, "1336", stale] == 60
    _, rows = entries_of([*history, (at(2), MembersReported(as_of=date(2025, 1, 1), basis="counted", total=61))])
    assert figures(rows, date(2025, 2, 28), at(9))[COMMUNE.key, "1336", stale] == 0


def test_an_event_of_a_club_that_was_never_founded_cannot_be_placed():
    with pytest.raises(LookupError):
        fold(None, MembersReported(as_of=date(2024, 1, 1), basis="counted", total=60), KEYS)
