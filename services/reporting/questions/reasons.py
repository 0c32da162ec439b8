"""Why single events count in one of two figures and not in the other: told from their days and from when they became known.

Kinds: `new` happened after the earlier day; `late` was about a day before it and became known later; `corrected` replaces an
earlier report of the same day; `due` was known before and has taken effect; `left` fell out of the period that is counted;
`source` was known all the time, and another source is shown now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from services.reporting.columns.held import Flags, Indexes, Look, Numbers, day_number, instant_number
from services.reporting.columns.sums import Window
from services.reporting.indicators.definition import Words
from services.reporting.ledger.measures import measure
from services.reporting.questions.behind import Behind
from services.reporting.questions.question import Question
from services.reporting.questions.snapshot import Snapshot

Kind = Literal["declared", "places", "corrected", "late", "new", "due", "left", "source"]
KINDS: Final[tuple[Kind, ...]] = ("declared", "places", "corrected", "late", "new", "due", "left", "source")
"""In the order in which they are told."""
WORDS: Final[dict[Kind, Words]] = {
    "new": Words("Sự kiện mới", "New events"),
    "corrected": Words("Đính chính báo cáo trước", "Corrections of earlier reports"),
    "late": Words("Báo cáo đến muộn", "Late reports"),
    "due": Words("Đã biết từ trước, nay đến ngày có hiệu lực", "Known before, in effect by now"),
    "left": Words("Ra khỏi kỳ tính", "Out of the period that is counted"),
    "source": Words("Nơi đổi giữa số đếm và số công bố", "Places that changed between count and published figure"),
    "declared": Words("Số kê khai", "Published figures"),
    "places": Words("Địa bàn có hoặc không còn câu lạc bộ", "Places with clubs, or without them now"),
}
_TYPES: Final = """
    select v.source, v.lane, v.position, v.type
    from unnest($1::text[], $2::smallint[], $3::bigint[]) as changed(source, lane, position)
    join events v using (source, lane, position)
"""
_MONTH: Final = "clubs.month-reported"
_MEMBERS: Final = "clubs.members-reported"
_CORRECTIONS: Final = frozenset({"clubs.founding-corrected", "trainings.training-cancelled"})


@dataclass(frozen=True, slots=True)
class Changed:
    """The events whose entries make two figures differ, each once: its subject, position, sum, first day and kind."""

    subjects: Indexes
    positions: Numbers
    known: Numbers
    days: Indexes
    amounts: Numbers
    kinds: Indexes
    """Indexes into `KINDS`."""

    def __len__(self) -> int:
        """How many events."""
        return len(self.positions)

    def ordered(self) -> Numbers:
        """The indexes by kind, then by when they became known; what changed most stands first where that is equal."""
        return np.lexsort((self.subjects, -np.abs(self.amounts), self.known, self.kinds))

    def by_kind(self) -> dict[int, tuple[int, int]]:
        """By kind: the sum, and how many."""
        kinds: list[int] = np.unique(self.kinds).tolist()
        return {kind: (int(self.amounts[self.kinds == kind].sum()), int((self.kinds == kind).sum())) for kind in kinds}


def changed(look: Look, one: tuple[Question, Behind], other: tuple[Question, Behind]) -> Changed:
    """From the entries behind one figure to those behind another. Events that add up to nothing are left out."""
    gone, come = _less(one[1], other[1]), _less(other[1], one[1])
    rows = np.concatenate([gone[0], come[0]])
    amounts = np.concatenate([-gone[1], come[1]])
    kinds = np.concatenate([_kinds(look, gone[0], other[0]), _kinds(look, come[0], one[0])])
    order = np.lexsort((look.days[rows], look.positions[rows], look.subject[rows]))
    rows, amounts, kinds = rows[order], amounts[order], kinds[order]
    subjects, positions = look.subject[rows], look.positions[rows]
    first = np.ones(len(rows), np.bool_)
    first[1:] = (subjects[1:] != subjects[:-1]) | (positions[1:] != positions[:-1])
    starts = np.flatnonzero(first)
    sums = np.add.reduceat(amounts, starts) if len(starts) else amounts
    kept = sums != 0
    starts, sums = starts[kept], sums[kept]
    return Changed(
        subjects[starts], positions[starts], look.known[rows[starts]], look.days[rows[starts]], sums, kinds[starts]
    )  # fmt: skip


def _less(one: Behind, other: Behind) -> tuple[Indexes, Numbers]:
    apart = ~np.isin(one.rows, other.rows)
    return one.rows[apart], one.amounts[apart]


def _kinds(look: Look, rows: Indexes, without: Question) -> Indexes:
    """Why each of some entries of the one figure is not in the other."""
    days, known = look.days[rows], look.known[rows]
    kinds = np.full(len(rows), KINDS.index("source"), np.int32)
    since = without.since
    if since is not None:
        kinds[days < day_number(since)] = KINDS.index("left")
    after = days > day_number(without.clocks.as_of)
    kinds[after] = KINDS.index("due")
    learned = known > instant_number(without.clocks.known_at)
    kinds[learned & ~after] = KINDS.index("late")
    kinds[learned & after] = KINDS.index("new")
    return kinds


async def with_corrections(found: Snapshot, events: Changed, wanted: int) -> Changed:
    """The late events again, those told apart that replace an earlier report."""
    late = np.flatnonzero(events.kinds == KINDS.index("late"))
    if not len(late):
        return events
    look = found.look
    numbers: list[int] = events.subjects[late].tolist()
    subjects = [look.subjects[number] for number in numbers]
    where = [(each.source, each.lane, at) for each, at in zip(subjects, events.positions[late].tolist(), strict=True)]
    rows = await found.fetch(_TYPES, *(list(column) for column in zip(*where, strict=True)))
    types = {(row["source"], row["lane"], row["position"]): row["type"] for row in rows}
    said = [types.get(each, "") for each in where]
    months = _has(look, measure("month_reports"), events, late)
    repeats = _repeats(look, {wanted, measure("members")}, events, late)
    kinds = events.kinds.copy()
    for index, type_, counted, repeated in zip(late.tolist(), said, months.tolist(), repeats.tolist(), strict=True):
        if type_ in _CORRECTIONS or (type_ == _MONTH and not counted) or (type_ == _MEMBERS and repeated):
            kinds[index] = KINDS.index("corrected")
    return Changed(events.subjects, events.positions, events.known, events.days, events.amounts, kinds)


def _has(look: Look, number: int, events: Changed, which: Numbers) -> Flags:
    """Whether each of some events wrote the measure: a month's first report counts itself, a corrected one does not again."""
    rows = look.amounts[number][0] if number in look.amounts else np.empty(0, np.int32)
    rows = rows[np.isin(look.subject[rows], events.subjects[which])]
    written = set(zip(look.subject[rows].tolist(), look.positions[rows].tolist(), strict=True))
    pairs = zip(events.subjects[which].tolist(), events.positions[which].tolist(), strict=True)
    return np.array([pair in written for pair in pairs], np.bool_)


def _repeats(look: Look, numbers: set[int], events: Changed, which: Numbers) -> Flags:
    """Whether an earlier event of the same subject wrote on the same day."""
    first: dict[tuple[int, int], int] = {}
    for number in numbers & look.amounts.keys():
        rows = look.amounts[number][0]
        rows = rows[np.isin(look.subject[rows], events.subjects[which])]
        listed = zip(look.subject[rows].tolist(), look.days[rows].tolist(), look.positions[rows].tolist(), strict=True)
        for subject, day, position in listed:
            known = first.get((subject, day))
            if known is None or position < known:
                first[subject, day] = position
    asked = zip(events.subjects[which].tolist(), events.days[which].tolist(), events.positions[which].tolist(), strict=True)
    return np.array([first.get((subject, day), at) < at for subject, day, at in asked], np.bool_)


def before_and_after(look: Look, number: int, window: Window, asked: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What the ledger said of a subject in a window before an event of it, and with it; for some (subject, position)."""
    rows, amounts = look.amounts[number]
    mine = np.isin(look.subject[rows], np.array([subject for subject, _ in asked], np.int64))
    rows, amounts = rows[mine], amounts[mine]
    inside = look.days[rows] <= window.until
    if window.since is not None:
        inside &= look.days[rows] >= window.since
    rows, amounts = rows[inside], amounts[inside]
    subjects, positions = look.subject[rows], look.positions[rows]
    found: list[tuple[int, int]] = []
    for subject, position in asked:
        own = subjects == subject
        found.append((int(amounts[own & (positions < position)].sum()), int(amounts[own & (positions <= position)].sum())))
    return found


def spots(look: Look, number: int, asked: Sequence[tuple[int, int]]) -> list[str]:
    """The place of each event's last entry of a measure: where the subject is by it."""
    rows = look.amounts[number][0]
    rows = rows[np.isin(look.subject[rows], np.array([subject for subject, _ in asked], np.int64))]
    known: dict[tuple[int, int], tuple[int, str]] = {}
    listed = zip(look.subject[rows].tolist(), look.positions[rows].tolist(), rows.tolist(), strict=True)
    for subject, position, row in listed:
        known[subject, position] = max(known.get((subject, position), (-1, "")), (row, look.cells[int(look.cell[row])].place))
    return [known[pair][1] for pair in asked]


_NO_INDEXES: Final = np.empty(0, np.int32)
_NO_NUMBERS: Final = np.empty(0, np.int64)
NOTHING: Final = Changed(_NO_INDEXES, _NO_NUMBERS, _NO_NUMBERS, _NO_INDEXES, _NO_NUMBERS, _NO_INDEXES)
"""No event at all."""
