"""What a club's story lacks: months without a report, numbers that nobody stated, a board that no round has trained.

A club that is suspended or was dissolved lacks nothing. What another service did not tell is not said to be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from services.reporting.pages.filters import day, month
from services.reporting.pages.story_parts import Block
from services.reporting.pages.words import Language, say

Json = dict[str, Any]
Form = Literal["thang", "thanh-vien"]

MEETING: Final = timedelta(days=90)
"""After that long without a meeting a club does not count as active."""
STALE: Final = timedelta(days=365)
_STATED: Final = (
    ("women", "Báo cáo thành viên gần nhất không ghi số nữ"),
    ("aged_60_plus", "Báo cáo thành viên gần nhất không ghi số NCT"),
)


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing in words, and the form that would mend it."""

    words: str
    form: Form | None = None


def missing_of(story: Json, todos: Block, today: date, language: Language) -> list[Missing]:
    """Everything that is missing, what is asked for every month first."""
    if story["status"] != "active":
        return []
    found = [*_months(story, today, language), *_members(story, today, language)]
    met = story["last_meeting"]
    if met is None or date.fromisoformat(met) < today - MEETING:
        words = say(language, "Chưa ghi cuộc họp nào trong 90 ngày qua: câu lạc bộ chưa được tính là duy trì hoạt động")
        found.append(Missing(words, "thang"))
    if todos.found is not None and any(todo["club"] == story["club"] for todo in todos.found["todos"]):
        found.append(Missing(say(language, "Ban chủ nhiệm chưa được tập huấn")))
    if story["commune_today"] is None:
        names = ", ".join(each["name"] for each in story["candidates"])
        found.append(Missing(say(language, "Xã cũ đã được chia: chờ phân định giữa %(names)s", names=names)))
    return found


def _months(story: Json, today: date, language: Language) -> list[Missing]:
    due = due_months(today, date.fromisoformat(story["founding"]["founded_on"]))
    lacking = [each for each in due if each.isoformat() not in story["months"]]
    if not lacking:
        return []
    if not story["months"]:
        words = say(language, "Chưa có báo cáo tháng nào")
    elif len(lacking) <= 3:
        words = say(language, "Chưa báo cáo tháng %(months)s", months=", ".join(month(each, language) for each in lacking))
    else:
        words = say(
            language,
            "Chưa báo cáo %(n)s trong %(all)s tháng gần đây, mới nhất là tháng %(month)s",
            n=len(lacking), all=len(due), month=month(lacking[0], language),
        )  # fmt: skip
    return [Missing(words, "thang")]


def _members(story: Json, today: date, language: Language) -> list[Missing]:
    members: Json | None = story["members"]
    if members is None:
        return [Missing(say(language, "Chưa có báo cáo thành viên"), "thanh-vien")]
    found: list[Missing] = []
    if date.fromisoformat(members["as_of"]) < today - STALE:
        words = say(language, "Báo cáo thành viên đã quá 12 tháng (ngày %(day)s)", day=day(members["as_of"], language))
        found.append(Missing(words, "thanh-vien"))
    found += [Missing(say(language, words), "thanh-vien") for name, words in _STATED if members[name] is None]
    return found


def due_months(today: date, founded: date, count: int = 12) -> list[date]:
    """The whole months that a club should have reported by a day, the newest first: at most `count`, none before it began."""
    months: list[date] = []
    month = today.replace(day=1)
    while len(months) < count:
        month = (month - timedelta(days=1)).replace(day=1)
        if month < founded.replace(day=1):
            break
        months.append(month)
    return months
