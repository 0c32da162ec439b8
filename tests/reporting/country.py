"""A small country, made by hand, so that every figure can be checked by heart.

Hà Nội (34:01): two clubs in commune 34:00004, founded 2021 and 2024, 60 and 40 members. Thanh Hóa (34:38): one club of 50
members in an old commune that was divided, and 1,164 clubs declared. Khánh Hòa: 41 clubs declared for old Ninh Thuận (63:58).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from services.reporting.ledger.view import FiguresView
from shared.events.clubs import ClubFounded, MembersReported, MonthReported
from shared.events.monitoring import TargetSet
from shared.events.reporting import FigureDeclared
from shared.events.trainings import TrainingHeld
from shared.kernel.place import NATION, PlaceRef
from shared.projections.view import Delivered
from shared.reference.book import load
from tests.reporting.lanes import in_lanes

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
VIEW = FiguresView(load())
BA_DINH = PlaceRef(code="00004", list="34")
DIVIDED = next(each for each in load().communes(PlaceRef(code="38", list="63")) if load().locate(each, "34").undecided)
FIRST = "club-00000000-0000-4000-8000-000000000001"
SECOND = "club-00000000-0000-4000-8000-000000000002"
THIRD = "club-00000000-0000-4000-8000-000000000003"


def day(text: str, hour: int = 3) -> datetime:
    return datetime.fromisoformat(text).replace(hour=hour, tzinfo=UTC)


def club(commune: PlaceRef, founded: str, *, generated: bool = False) -> ClubFounded:
    return ClubFounded(name="<b>CLB</b>", commune=commune, founded_on=date.fromisoformat(founded), generated=generated)


def members(as_of: str, total: int, women: int | None = None) -> MembersReported:
    return MembersReported(as_of=date.fromisoformat(as_of), basis="counted", total=total, women=women)


def declared(area: PlaceRef, value: int, indicator: str = "clubs-founded", **other: Any) -> FigureDeclared:
    fields = {
        "metric": indicator, "indicator": indicator, "area": area, "value": Decimal(value), "unit": "clubs",
        "basis": "declared",
        "valid_from": date(2023, 12, 31), "valid_to": date(2023, 12, 31), "date_as_printed": "2023-12-31", "source": "nguồn",
    }  # fmt: skip
    return FigureDeclared(**(fields | other))


def small_country() -> list[Delivered]:
    """Its events, as the logs hold them."""
    month = MonthReported(month=date(2026, 1, 1), meeting_held=True, met_on=date(2026, 1, 15), income_fund=10**7)
    rounds = {"title": "Đợt", "level": "national", "kind": "conference", "contents": (), "place": NATION}
    streams: dict[str, list[tuple[datetime, Any]]] = {
        FIRST: [
            (day("2021-06-01"), club(BA_DINH, "2021-05-20")),
            (day("2025-01-10"), members("2025-01-05", 50, women=30)),
            (day("2025-02-10"), members("2025-01-05", 60, women=45)),
            (day("2026-02-01"), month),
        ],
        SECOND: [
            (day("2024-03-01"), club(BA_DINH, "2024-02-20", generated=True)),
            (day("2025-12-10"), members("2025-12-01", 40)),
        ],
        THIRD: [(day("2022-03-01"), club(DIVIDED, "2019-02-20")), (day("2025-12-10"), members("2025-12-01", 50, women=25))],
        "figure-a": [(day("2026-01-05"), declared(PlaceRef(code="38", list="63"), 1164, published_on=date(2024, 8, 29)))],
        "figure-b": [(day("2026-01-05"), declared(PlaceRef(code="58", list="63"), 41))],
        "figure-c": [(day("2026-01-05"), declared(PlaceRef(code="38", list="63"), 8, scope="huyện Bá Thước"))],
        "figure-d": [
            (
                day("2026-01-05"),
                declared(
                    NATION, 456470, "members", basis="estimated", formula="70 x 6521", unit="people",
                    published_on=date(2024, 8, 29),
                ),
            )
        ],
        "target-a": [
            (
                day("2026-01-05"),
                TargetSet(
                    scheme="1336", indicator="clubs-new-1336", area=NATION, period_from=date(2020, 8, 31),
                    period_to=date(2025, 12, 31), low=Decimal(4), source="QĐ 1336",
                ),
            )
        ],
        "target-b": [
            (
                day("2026-01-05"),
                TargetSet(
                    scheme="1335", indicator="training-rounds", area=NATION, period_from=date(2024, 1, 1),
                    period_to=date(2026, 12, 31), low=Decimal(5), high=Decimal(7), measure="per-year", source="QĐ 1335",
                ),
            )
        ],
    }  # fmt: skip
    for index in range(4):
        start = date(2026, 1, 5 + index)
        held = TrainingHeld(**rounds, organiser="lead-department", starts_on=start, ends_on=start, attendances=80)
        streams[f"round-{index}"] = [(day("2026-02-03"), held)]
    local = TrainingHeld(
        **(rounds | {"place": BA_DINH}), organiser="district", starts_on=date(2026, 1, 9), ends_on=date(2026, 1, 9)
    )
    streams["round-local"] = [(day("2026-02-03"), local)]
    return in_lanes(streams)
