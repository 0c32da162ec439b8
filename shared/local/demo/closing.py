"""What the demo ends with: the national table, a figure to open, and the one figure that surprises most, explained.

Asks the public API like any client and computes nothing that the API did not say, but for one product: 70 times 6.521.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import httpx

from shared.kernel.errors import Refused

END_OF_2023 = "2023-12-31"
PUBLISHED_MEMBERS = 456_470
CLUBS, EACH = 6_521, 70

Json = dict[str, Any]


async def closing(front: str) -> list[str]:
    """The lines. May raise `Refused` when the reporting service does not answer."""
    async with httpx.AsyncClient(base_url=front, timeout=30, trust_env=False) as client:
        now = await _ask(client)
        then = await _ask(client, indicator="members,clubs-founded", as_of=END_OF_2023)
    return [*national_table(now), "", *surprise(then), "", *to_open(then)]


async def _ask(client: httpx.AsyncClient, **query: str) -> Json:
    try:
        answer = await client.get("/v1/progress", params=query)
        body = cast("Json", answer.json())
    except (httpx.TransportError, ValueError) as failure:
        raise Refused(
            "no-answer",
            "Dịch vụ báo cáo chưa trả lời: xem ./clb status.",
            "The reporting service does not answer: see ./clb status.",
            status=503,
        ) from failure
    if not answer.is_success:
        raise Refused(str(body.get("slug", "")), str(body.get("detail", "")), str(body.get("detail_en", "")))
    return body


def national_table(progress: Json) -> list[str]:
    """One line an indicator: title, value, what it is held against."""
    rows: list[tuple[str, str, str]] = []
    for number in cast("Sequence[Json]", progress["numbers"]):
        verdicts = [str(target["words"]["vi"]) for target in cast("Sequence[Json]", number["targets"])[:1]]
        said = [str(number["mix"]["vi"])] if number.get("mix") else []
        rows.append((str(number["title"]["vi"]), str(number["display"]["vi"]), "; ".join((*said, *verdicts))))
    wide = max((len(title) for title, _, _ in rows), default=0)
    broad = max((len(value) for _, value, _ in rows), default=0)
    generated = " · có dữ liệu mô phỏng / contains generated data" if progress.get("generated") else ""
    return [
        f"TIẾN ĐỘ CẢ NƯỚC / NATIONAL PROGRESS · {progress['as_of']}{generated}",
        *(f"  {title:<{wide}}  {value:>{broad}}  {said}".rstrip() for title, value, said in rows),
    ]


def surprise(then: Json) -> list[str]:
    """456.470 = 70 x 6.521: an estimate, beside what the registry counts."""
    members = _number(then, "members")
    counted = members.get("counted")
    beside_vi, beside_en = "", ""
    if isinstance(counted, int | float):
        beside_vi = f" Sổ của từng CLB (mô phỏng) đếm được {_vi(int(counted))} thành viên."
        beside_en = f" The registry (generated) counts {int(counted):,} club by club."
    vi = f"Con số bất ngờ nhất: {_vi(PUBLISHED_MEMBERS)} thành viên cuối năm 2023 (Quyết định 1335)"
    en = f"The most surprising figure: {PUBLISHED_MEMBERS:,} members at the end of 2023 (Decision 1335)"
    return [
        f"{vi} đúng bằng {EACH} x {_vi(CLUBS)} CLB: là ước tính, không phải số đếm.{beside_vi}",
        f"{en} are {EACH} x {CLUBS:,} clubs: an estimate, not a count.{beside_en}",
    ]


def to_open(then: Json) -> list[str]:
    """A ready command that opens the figure down to its events."""
    return ["Vì sao có số này? / Why this figure?", f"  ./clb trace {_number(then, 'members')['id']}"]


def _number(progress: Json, indicator: str) -> Json:
    return next(number for number in cast("Sequence[Json]", progress["numbers"]) if number["indicator"] == indicator)


def _vi(value: int) -> str:
    return f"{value:,}".replace(",", ".")
