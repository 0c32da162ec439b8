"""A citation's link shows the same number for ever, whatever is recorded afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.reporting.app import SERVICE
from shared.events.clubs import ClubDissolved, FoundingCorrected
from shared.kernel.place import PlaceRef
from shared.testing.apps import running
from shared.testing.folding import apply_batch
from tests.reporting.country import BA_DINH, FIRST, NOW, SECOND, THIRD, VIEW, club, day, declared, members, small_country
from tests.reporting.lanes import in_lanes
from tests.reporting.pages.test_trace_page import HTML, Page

FOURTH = "club-00000000-0000-4000-8000-000000000004"
LATER = datetime(2026, 3, 5, 3, 0, tzinfo=UTC)


def afterwards() -> list[Any]:
    """The same country with what was recorded three days later: late, corrected, dissolved, declared anew."""
    known = {(each.recorded.stream, each.recorded.version) for each in small_country()}
    streams: dict[str, list[tuple[datetime, Any]]] = {}
    for each in small_country():
        streams.setdefault(each.recorded.stream, []).append((each.recorded.recorded_at, each.event))
    streams[FIRST].append((LATER, members("2025-01-05", 70, women=50)))
    streams[SECOND].append((LATER, members("2025-06-01", 45)))
    streams[THIRD].append((LATER, ClubDissolved(dissolved_on=date(2025, 6, 1), reason="hết")))
    streams[FOURTH] = [(LATER, club(BA_DINH, "2025-03-01")), (LATER + timedelta(hours=1), members("2025-04-01", 33))]
    streams[SECOND].append(
        (LATER, FoundingCorrected(name="CLB", commune=BA_DINH, founded_on=date(2023, 1, 1), reason="sai ngày"))
    )
    streams["figure-e"] = [(LATER, declared(PlaceRef(code="38", list="63"), 1200, valid_to=date(2024, 6, 30)))]
    return [each for each in in_lanes(streams) if (each.recorded.stream, each.recorded.version) not in known]


async def test_the_figure_behind_a_citation_stays_the_same_after_late_reports_corrections_and_new_declarations(postgres):
    times = [NOW]
    async with running(SERVICE, postgres, clock=lambda: times[-1], public_url="https://lienthe.example") as service:
        async with service.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [each.recorded for each in small_country()])
        asked = {"indicator": "clubs-founded,clubs-existing,members,women,share-women,clubs-new-1336", "as_of": "2025-12-31"}
        numbers: list[Any] = []
        for area in ("VN", "34:01", "34:38"):
            answer = await service.client.get("/v1/progress", params={**asked, "area": area})
            numbers += answer.json()["numbers"]
        before = {each["id"]: Page((await service.client.get(f"/so/{each['id']}", headers=HTML)).text) for each in numbers}
        times.append(day("2026-03-06"))
        async with service.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [each.recorded for each in afterwards()])
        revised = 0
        for id, page in before.items():
            link = page.text("textarea").rpartition(" ")[2]
            assert link == f"https://lienthe.example/so/{id}"
            after = Page((await service.client.get(f"/so/{link.rpartition('/')[2]}", headers=HTML)).text)
            assert after.text("big") == page.text("big")
            assert after.text("check") == page.text("check")
            assert after.text("textarea") == page.text("textarea")
            assert "failed" not in after.texts
            revised += "Vì sao đổi?" in " ".join(after.texts["a"])
        assert revised > 3
