"""How fresh a province is moves with what is recorded of it, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

from services.reporting.app import SERVICE
from shared.events.clubs import MembersReported
from shared.testing.apps import Running, running
from shared.testing.folding import apply_batch
from tests.reporting.country import FIRST, NOW, VIEW, day, members, small_country


async def test_I9_freshness_moves_with_each_later_event_and_a_silent_province_stays_where_it_was(postgres: Any) -> None:
    """Seen to fail with an upsert of freshness that keeps the first time."""
    history = [each.recorded for each in small_country()]
    last = max((each for each in history if each.stream == FIRST), key=lambda each: each.version)
    head = max(each.position for each in history if (each.source, each.lane) == ("clubs", last.lane))
    report = members("2026-02-19", 61)
    later = replace(
        last, version=last.version + 1, position=head + 1, event_id=str(uuid4()), recorded_at=day("2026-02-20"),
        type=MembersReported.TYPE, data=report.to_json(), hash=bytes(32),
    )  # fmt: skip
    async with running(SERVICE, postgres, clock=lambda: NOW) as service, service.pool.acquire() as connection:
        await apply_batch(connection, VIEW, history)
        before = await freshness(service)
        await apply_batch(connection, VIEW, [later])
        assert await freshness(service) == before | dict.fromkeys(("VN", "34:01"), "2026-02-20T10:00:00+07:00")


async def freshness(service: Running) -> dict[str, str | None]:
    answer = (await service.client.get("/v1/progress")).json()
    return {each["key"]: each["last_event_at"] for each in answer["freshness"]}
