"""What must not go on by itself when databases went back in time, on real databases of two services."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.clubs.app import SERVICE as CLUBS
from services.trainings.app import SERVICE as TRAININGS
from shared.eventlog.postgres import PostgresLog, open_pool
from shared.eventlog.records import Append, NewEvent
from shared.kernel.lanes import lane_of
from shared.local.backup.settling import FEED_JUMP, settle, signed_heads
from shared.local.databases import connect
from shared.reference.book import load
from shared.runtime.service import install
from shared.web.revocations import Revocation

STREAM = "club-11111111-2222-3333-4444-555555555555"
LANE = lane_of(STREAM)
OTHER = (LANE + 1) % 64


@pytest.fixture
async def owners(postgres: Any) -> AsyncIterator[dict[str, Any]]:
    """Two services' databases; the log of clubs holds one event."""
    found: dict[str, Any] = {}
    for service in (CLUBS, TRAININGS):
        urls = await postgres.database(service.name)
        found[service.name] = await connect(urls.owner)
        await install(found[service.name], service, load(), urls.app_role)
        if service is CLUBS:
            pool = await open_pool(urls.app, max_size=1)
            event = NewEvent(str(uuid4()), "clubs.club-founded", 1, "{}")
            await PostgresLog(pool, "clubs").append([Append(str(uuid4()), bytes(32), STREAM, 0, (event,), "centre")])
            await pool.close()
    yield found
    for owner in found.values():
        await owner.close()


async def passed(owner: Any, view: str, source: str, lane: int, position: int, head: bytes | None) -> None:
    await owner.execute(
        "insert into projection.checkpoints (view, version, source, lane, position, head) "
        "select view, build, $2, $3, $4, $5 from projection.builds where view = $1 and state = 'live'",
        view, source, lane, position, head,
    )  # fmt: skip


async def builds(owner: Any) -> set[str]:
    return {row[0] for row in await owner.fetch("select distinct view from projection.checkpoints")}


async def test_a_view_that_has_passed_what_its_log_lacks_or_holds_differently_begins_again(owners: dict[str, Any]) -> None:
    """Seen to fail when only positions were compared, and when only the service's own log was looked at."""
    head = (await signed_heads(owners["clubs"]))[LANE][1]
    trainings = owners["trainings"]
    await passed(trainings, "rounds", "clubs", LANE, 1, head)
    await passed(trainings, "board_todos", "clubs", LANE, 2, bytes(32))
    await passed(trainings, "policy_train_boards", "clubs", LANE, 1, bytes(32))
    await passed(owners["clubs"], "clubs", "clubs", OTHER, 7, None)
    done = await settle(owners, [], None)
    schemas = {row[0] for row in await trainings.fetch("select nspname from pg_namespace")}
    gone = {name.rpartition("_v")[0] for name in done.reset["trainings"]}
    assert gone == {"board_todos", "policy_train_boards"}
    assert [name.rpartition("_v")[0] for name in done.reset["clubs"]] == ["clubs"]
    assert await builds(trainings) == {"rounds"}
    assert not schemas & set(done.reset["trainings"])
    role = await trainings.fetchval("select replace(current_user, '_owner', '')")
    await install(trainings, TRAININGS, load(), role)
    schemas = {row[0] for row in await trainings.fetch("select nspname from pg_namespace")}
    assert set(done.reset["trainings"]) <= schemas


async def test_sessions_and_links_end_and_listed_tokens_are_revoked_again_with_their_time(owners: dict[str, Any]) -> None:
    owner, at = owners["clubs"], datetime(2026, 3, 1, tzinfo=UTC)
    for name in ("one", "two"):
        await owner.execute(
            "insert into access.tokens (id, hash, role, area, side) values ($1, sha256($2), 'centre', 'VN', 'state')",
            f"t-{name}", name.encode(),
        )  # fmt: skip
    await owner.execute(
        """insert into access.sessions (hash, token_id, sealed, expires_at) values (sha256('s'), 't-one', 'x', now() + '1 day');
        insert into access.links (hash, token_id, sealed, expires_at) values (sha256('l'), 't-one', 'x', now() + '1 day');
        insert into projection.feed_heads values ('main', 41)"""
    )
    for again in ([], ["nothing new"]):
        done = await settle(owners, [Revocation("t-two", at), Revocation("t-unknown", at)], None)
        assert done.revoked == ([] if again else ["t-two"])
    assert await owner.fetchval("select revoked_at from access.tokens where id = 't-two'") == at
    assert await owner.fetchval("select revoked_at from access.tokens where id = 't-one'") is None
    assert await owner.fetchval("select (select count(*) from access.sessions) + (select count(*) from access.links)") == 0
    assert await owner.fetchval("select seq from projection.feed_heads") == 41 + 2 * FEED_JUMP


@pytest.mark.parametrize(("empty", "position"), [(True, 0), (False, 1), (None, 1)])
async def test_everything_is_published_again_on_an_empty_kafka_only(
    owners: dict[str, Any], empty: bool | None, position: int
) -> None:
    owner = owners["clubs"]
    await owner.execute("update relay.lanes set position = 1, epoch = 5 where lane = $1", LANE)
    await settle(owners, [], empty)
    assert await owner.fetchrow("select position, epoch from relay.lanes where lane = $1", LANE) == (
        position,
        5 + (not position),
    )
