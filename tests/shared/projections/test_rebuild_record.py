"""I4: a rebuilt view is held against the logs themselves, not only against the topic that both builds have read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.eventlog.chain import link
from shared.eventlog.links import At, Links
from shared.eventlog.records import LogIdentity
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.kernel.lanes import lane_of, partition_of
from shared.projections import builds, dump
from shared.projections.builds import Built
from shared.projections.rebuild import compare, rebuild, rollback
from shared.projections.record import OwnLog
from shared.projections.runner import Runner
from shared.projections.schema import make_tables
from shared.relay.relay import Relay
from shared.testing.folding import IDENTITY, apply_batch
from shared.web.log_client import RemoteLog
from shared.web.upstream import Upstreams, open_clients
from tests.shared.flow import Book, Place, Purses, publish, running, streams_of_one_lane, until
from tests.shared.projections.rebuilding import BookLog, passed, shown, site

ONE, TWO = streams_of_one_lane(2)
LANE = lane_of(ONE)


class Counted:
    """The log of a place, and how often it was asked."""

    def __init__(self, flow: Place) -> None:
        self.log = OwnLog(flow.pool)
        self.asked = 0

    async def links(self, places: Sequence[At]) -> Links:
        self.asked += 1
        return await self.log.links(places)


async def recorded(flow: Place, runner: Runner, events: int) -> None:
    """So many events of one stream in the log, on the topic and in the live build."""
    async with running(Relay(flow.pool, flow.source, flow.bootstrap)):
        await flow.put(ONE, *range(events))
        await flow.put("purse-elsewhere", 1, 2)
        await until(lambda: has_passed(flow, events + 2))


async def has_passed(flow: Place, events: int) -> bool:
    return await passed(flow, 1) >= events


def forged_after(last: Recorded, count: int) -> list[Recorded]:
    """Records of nobody's that follow: whoever can read the topic can make them."""
    found: list[Recorded] = []
    for _ in range(count):
        before = found[-1] if found else last
        made = replace(
            before,
            position=before.position + 1,
            version=before.version + 1,
            event_id=str(uuid4()),
            command_id=str(uuid4()),
            recorded_at=before.recorded_at + timedelta(seconds=1),
            data='{"amount":1000000}',
        )
        found.append(replace(made, hash=link(before.hash, made, IDENTITY.deployment)))
    return found


async def test_I4_a_view_whose_topic_is_what_the_log_says_is_equal_to_the_record(flow: Place) -> None:
    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source)
    async with running(runner), site(flow, OwnLog(flow.pool)) as place:
        await recorded(flow, runner, 20)
        proof = await rebuild(place, Purses(flow.source), lambda _: None)
    identity = await flow.log.identity()
    assert (proof["record"], proof["compared"]["same"], proof["compared"]["equal"]) == ("equal", True, True)
    said = {"state": "equal", "deployment": identity.deployment, "log": identity.log_id, "events": 22}
    assert proof["logs"] == {flow.source: said}


async def test_I4_over_a_topic_that_differs_from_the_log_the_rebuild_fails_and_names_the_first_record(flow: Place) -> None:
    """Nine records that follow were put after the end of a lane with 20: both builds take them and agree. Seen to fail with the
    certificate of before, which compared the two builds alone and said EQUAL. The first is found by at most five questions."""
    runner, said = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source), list[str]()
    log = Counted(flow)
    async with running(runner), site(flow, log) as place:
        await recorded(flow, runner, 20)
        (last,) = await flow.log.read_lane(LANE, 19, 1)
        forged = forged_after(last, 9)
        await publish(flow.bootstrap, forged)
        await until(lambda: has_passed(flow, 31))
        with pytest.raises(Refused) as refused:
            await rebuild(place, Purses(flow.source), said.append, accept_difference=True)
        assert refused.value.slug == "record-differs"
        async with flow.pool.acquire() as connection:
            (begun, live) = await builds.of(connection, "purses")
        assert (begun.state, live.number, live.certified) == ("building", 1, False)
        proof, different = await compare(place, Purses(flow.source), said.append)
    found = proof["logs"][flow.source]
    offset = 20  # the topic's records of this lane are alone in their partition, but for those of the other stream
    assert (found["state"], found["lane"], found["position"]) == ("differs", LANE, 21)
    assert (found["topic"], found["partition"]) == (f"{flow.source}.events", partition_of(LANE, 6))
    assert found["offset"] >= offset
    assert (found["taken"], found["stands"]) == (forged[0].hash.hex(), None)
    where = f"{flow.source}.events/{found['partition']}@{found['offset']}: lane {LANE}, position 21"
    assert where in refused.value.en
    assert (proof["record"], proof["compared"]["same"], proof["compared"]["equal"], different) == ("differs", True, False, [])
    assert log.asked <= 2 * (1 + 6 + 1)


async def test_a_log_that_nobody_can_ask_is_said_and_never_called_equal(flow: Place) -> None:
    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source)
    services = Upstreams(open_clients({flow.source: "http://127.0.0.1:9"}))
    async with running(runner), site(flow, RemoteLog(services, flow.source)) as place:
        await recorded(flow, runner, 5)
        proof = await rebuild(place, Purses(flow.source), lambda _: None)
        async with flow.pool.acquire() as connection:
            (live, _) = await builds.of(connection, "purses")
    await services.close()
    assert (proof["record"], proof["compared"]["same"], proof["compared"]["equal"]) == ("not-compared", True, False)
    assert proof["logs"][flow.source]["why"]["en"].startswith(f"the service {flow.source} does not answer (Down)")
    assert (live.number, live.state, live.certified) == (2, "live", False)


async def test_a_service_that_answers_for_another_log_than_the_one_that_was_read_differs(flow: Place) -> None:
    class Another(Counted):
        async def links(self, places: Sequence[At]) -> Links:
            return replace(await super().links(places), identity=LogIdentity("vn", str(uuid4())))

    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source)
    async with running(runner), site(flow, Another(flow)) as place:
        await recorded(flow, runner, 5)
        with pytest.raises(Refused, match="record-differs") as refused:
            await rebuild(place, Purses(flow.source), lambda _: None)
    assert "answers with another one" in refused.value.en


@pytest.mark.parametrize(("asked", "taken"), [(True, True), (False, False)])
async def test_a_live_build_that_took_a_record_that_was_ruled_out_is_replaced_by_one_that_equals_the_record(
    flow: Place, asked: bool, taken: bool
) -> None:
    """Without --accept, and the certificate says so; not while nobody has asked the log."""
    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source)
    async with site(flow, OwnLog(flow.pool) if asked else None) as place:
        async with running(runner):
            await recorded(flow, runner, 5)
        await place.owner.execute("update purses_v1.purses set total = total + 5 where stream = $1", ONE)
        await place.owner.execute(
            """insert into projection.spoiled (view, version, source, lane, position, hash)
            values ('purses', 1, $1, $2, 3, sha256('x'))""",
            flow.source,
            LANE,
        )
        if taken:
            proof = await rebuild(place, Purses(flow.source), lambda _: None)
            assert proof["compared"]["spoiled"] == [{"source": flow.source, "lane": LANE, "position": 3}]
        else:
            with pytest.raises(Refused, match="builds-differ"):
                await rebuild(place, Purses(flow.source), lambda _: None)
        assert (await shown(flow))[0] == (2 if taken else 1)


async def test_a_rebuild_that_stops_because_a_record_does_not_follow_names_it(flow: Place) -> None:
    """The live build has all 300; on the topic the 21st is another's, whose hash is zeros."""
    book, view = Book(flow.source), Purses(flow.source)
    events = [book.put(ONE, n) for n in range(300)]
    async with flow.pool.acquire() as connection:
        await apply_batch(connection, Built(view, 1), events)
    await publish(flow.bootstrap, [*events[:20], replace(events[20], hash=bytes(32)), *events[21:]])
    async with site(flow, BookLog(book)) as place:
        with pytest.raises(Refused) as refused:
            await rebuild(place, view, lambda _: None)
    where = f"{flow.source}.events/{partition_of(LANE, 6)}@20 (lane {LANE}, position 21)"
    assert refused.value.slug == "rebuild-stopped"
    assert where in refused.value.en
    assert f"it carries {'0' * 16}, before it stands {events[19].hash.hex()[:16]}" in refused.value.en


async def test_a_rollback_goes_back_also_where_the_log_differs_and_its_certificate_says_so(flow: Place) -> None:
    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source)
    async with running(runner), site(flow, OwnLog(flow.pool)) as place:
        await recorded(flow, runner, 5)
        await rebuild(place, Purses(flow.source), lambda _: None)
        (last,) = await flow.log.read_lane(LANE, 4, 1)
        await publish(flow.bootstrap, forged_after(last, 1))
        await until(lambda: has_live(flow, 8))
        proof = await rollback(place, Purses(flow.source), lambda _: None)
    assert (proof["build"], proof["record"], proof["compared"]["equal"]) == (1, "differs", False)


async def has_live(flow: Place, events: int) -> bool:
    return await passed(flow, 2) >= events


@pytest.mark.parametrize("status", [200, 500])
async def test_an_answer_that_is_none_proves_nothing(status: int) -> None:
    async def nonsense(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json={"source": "clubs", "deployment": "vn", "log": "x", "links": []})

    client = httpx.AsyncClient(transport=httpx.MockTransport(nonsense), base_url="http://clubs")
    with pytest.raises(Exception, match="the service clubs does not answer"):
        await RemoteLog(Upstreams({"clubs": client}), "clubs").links([(1, 1)])
    await client.aclose()


async def test_a_row_planted_in_the_ledger_that_no_replay_can_make_is_found_in_whatever_table(postgres: Any) -> None:
    """Every table of the ledger is part of what two builds are compared by. Rows are put in as the superuser."""
    from services.reporting.app import SERVICE  # noqa: PLC0415
    from shared.local.databases import connect  # noqa: PLC0415
    from shared.testing.apps import running as serving  # noqa: PLC0415
    from tests.reporting.country import VIEW, small_country  # noqa: PLC0415

    async with serving(SERVICE, postgres) as service:
        one, two = Built(VIEW, VIEW.version), Built(VIEW, VIEW.version + 1)
        async with service.pool.acquire() as connection:
            database, role = await connection.fetchval("select current_database()"), await connection.fetchval("select user")
        owner = await connect(postgres.admin_url.rsplit("/", 1)[0] + "/" + database)
        await make_tables(owner, role, two)
        for built in (one, two):
            await apply_batch(owner, built, [each.recorded for each in small_country()])
        tables = await dump.tables_of(owner, f"figures_v{one.version}")
        assert {"events", "entries"} <= set(tables)
        for table in ("events", "entries"):
            async with owner.transaction():
                before = (await dump.digest(owner, f"figures_v{two.version}")).sha256
                assert (await dump.digest(owner, f"figures_v{one.version}")).sha256 == before
            await owner.execute(planted(table, f"figures_v{one.version}"))
            async with owner.transaction():
                assert (await dump.digest(owner, f"figures_v{one.version}")).sha256 != before
            found = await dump.differences(owner, table, (f"figures_v{one.version}", f"figures_v{two.version}"))
            assert [each.only_in for each in found] == [f"figures_v{one.version}"]
            await owner.execute(f"delete from figures_v{one.version}.{table} t where t::text = $1", found[0].row)
        await owner.close()


def planted(table: str, schema: str) -> str:
    """A copy of a row at a position that no log has."""
    return f"""insert into {schema}.{table}
        select (jsonb_populate_record(e, jsonb_build_object('position', position + 100000))).*
        from {schema}.{table} e limit 1"""
