"""Sources and freshness: what could not be read is shown with its coordinates, and read again by operators alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.reporting.app import SERVICE
from shared.events.clubs import MembersReported
from shared.kafka.headers import Coordinates
from shared.kernel.place import NATION
from shared.projections.postgres_store import PostgresStore
from shared.projections.store import Parked
from shared.testing.apps import Running, running
from shared.testing.folding import apply_batch, delivered, received
from tests.reporting.country import VIEW, day, small_country
from tests.reporting.signing import csrf_of, signed_in, token_of

LOST = "club-00000000-0000-4000-8000-0000000000ff"


@pytest.fixture(scope="module")
async def service(postgres: Any) -> AsyncIterator[Running]:
    """One club lacks its beginning, so its report cannot be read; the last event of another was parked by an older view."""
    async with running(SERVICE, postgres) as found:
        *first, last = small_country()
        lost = delivered(MembersReported(as_of="2026-01-31", basis="counted", total=40), LOST, 1, recorded_at=day("2026-02-01"))
        async with found.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [*(each.recorded for each in first), lost.recorded])
            recorded = last.recorded
            at = Coordinates(recorded.source, recorded.lane, recorded.position)
            await PostgresStore(connection, VIEW).park(
                [Parked(at, recorded.stream, received(recorded), "the view knew no such event yet", poison=True)]
            )
        yield found


async def test_what_could_not_be_read_is_shown_to_all_without_its_stream_and_to_operators_with_it(service: Running) -> None:
    public = await service.client.get("/nguon", headers={"accept": "text/html"})
    assert "Sự kiện chưa đọc được: 2" in public.text
    assert "clubs.events" in public.text
    assert LOST not in public.text
    operator = await service.token("operator")
    seen = await service.client.get("/nguon", headers={"accept": "text/html", **operator})
    assert LOST in seen.text
    assert "the view knew no such event yet" in seen.text


async def test_only_an_operator_reads_again_and_what_fails_still_stays(service: Running) -> None:
    async with signed_in(service, await token_of(service, "centre", NATION)) as client:
        csrf = csrf_of(await client.get("/nguon"))
        refused = await client.post("/nguon/doc-lai", data={"csrf": csrf, "stream": LOST})
        assert refused.status_code == 403
    async with signed_in(service, await token_of(service, "operator", NATION)) as client:
        csrf = csrf_of(await client.get("/nguon"))
        again = await client.post("/nguon/doc-lai", data={"csrf": csrf, "stream": LOST})
        assert (again.status_code, again.headers["location"]) == (303, "/nguon?replayed=0-1#parked")
        stream = small_country()[-1].recorded.stream
        again = await client.post("/nguon/doc-lai", data={"csrf": csrf, "stream": stream})
        assert again.headers["location"] == "/nguon?replayed=1-0#parked"
        after = await client.get("/nguon?replayed=1-0")
        assert "Sự kiện chưa đọc được: 1" in after.text
        assert "Đã đọc lại 1 sự kiện" in after.text


async def test_only_an_operator_is_told_how_many_events_were_read_again_and_only_what_can_be(service: Running) -> None:
    said = "Đã đọc lại"
    operator = await service.token("operator")
    for found, headers, shown in (
        ("1-0", {}, False),
        ("1-0", await service.token("centre"), False),
        ("1000-2", operator, True),
        ("\u00b2-1", operator, False),
        ("99999999999999999999-1", operator, False),
    ):
        answer = await service.client.get("/nguon", params={"replayed": found}, headers={"accept": "text/html", **headers})
        assert answer.status_code == 200
        assert (said in answer.text) == shown, found
        assert not shown or "Đã đọc lại 1.000 sự kiện" in answer.text


async def test_who_must_sign_in_to_read_again_comes_back_to_the_page_and_not_to_the_button(service: Running) -> None:
    for referer, onward in (
        ({"referer": "http://service/nguon?lang=en"}, "/dang-nhap?next=/nguon%3Flang%3Den"),
        ({"referer": "http://elsewhere/nguon"}, "/dang-nhap"),
        ({}, "/dang-nhap"),
    ):
        answer = await service.client.post("/nguon/doc-lai", data={"stream": LOST}, headers=referer)
        assert (answer.status_code, answer.headers["location"]) == (303, onward)
