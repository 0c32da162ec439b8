"""`clb doctor` finds what was broken on purpose, and comes to its end when everything is down."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.cli.doctor import red_part
from shared.eventlog.marks import Finding
from shared.eventlog.signing import make_key
from shared.kafka import topics
from shared.kernel.lanes import lane_of
from shared.kernel.place import NATION
from shared.local.checkup import Found, looked, verdict
from shared.local.checkup_database import look_at_database, look_at_proof
from shared.local.databases import connect
from shared.local.verified import Verified, keep
from shared.reference.book import load
from shared.relay import verifications
from shared.relay.signer import checkpoint_file, make_checkpoint
from shared.relay.verification import Report
from shared.web import schema as access
from shared.web.tokens import Tokens, TokenWish
from tests.shared.clb import clb
from tests.shared.flow import Place, streams_of_one_lane
from tests.shared.verification import tampering

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def said(found: list[Found], *, state: str | None = None) -> list[str]:
    return [each.en for each in found if state is None or each.state == state]


@pytest.fixture
async def clubs(place: Place) -> Place:
    """With tokens, as every service has them."""
    owner = await connect(place.urls.owner)
    await access.install(owner, place.urls.app_role)
    await owner.close()
    return place


async def test_a_database_in_order_has_nothing_bad_and_says_how_far_it_is(clubs: Place) -> None:
    await clubs.put("purse-1", 1, 2)
    await Tokens(clubs.pool, load()).issue(TokenWish(role="operator", area=NATION, side="association"))
    found = await look_at_database(clubs.source, clubs.urls.app)
    assert said(found, state="bad") == []
    assert "2 events, 2 not on Kafka yet" in said(found)
    assert "no parked events" in said(found)
    assert "1 operator's tokens are valid" in said(found)
    assert verdict(found)[0]


async def test_a_database_that_could_lose_commits_makes_a_restart_unsafe(clubs: Place, postgres: Any) -> None:
    admin = await connect(postgres.admin_url)
    await admin.execute(f"alter database {clubs.urls.name} set synchronous_commit = off")
    await admin.close()
    found = await look_at_database(clubs.source, clubs.urls.app)
    assert "synchronous_commit off: a power failure may lose data" in said(found, state="bad")
    safe, _, en = verdict(found)
    assert (safe, en) == (False, "Do not restart now: synchronous_commit off: a power failure may lose data.")


async def test_a_store_that_is_shorter_than_what_was_published_is_said_to_have_lost_events(clubs: Place) -> None:
    await clubs.put("purse-1", 1)
    owner = await connect(clubs.urls.owner)
    await owner.execute("update relay.lanes set position = 5 where lane = 3")
    await owner.close()
    found = await look_at_database(clubs.source, clubs.urls.app)
    assert "1 lanes are longer on Kafka than in the store: the store lost events" in said(found, state="bad")
    assert not verdict(found)[0]


async def test_letters_and_tokens_that_are_missing_are_said(clubs: Place) -> None:
    async with clubs.pool.acquire() as connection:
        await connection.execute(
            """insert into projection.set_aside (topic, partition, kafka_offset, kind, reason, header_names, header_values)
            values ('t', 0, 1, 'unroutable', 'r', '{}', '{}'), ('t', 0, 2, 'fork', 'r', '{}', '{}')"""
        )
    found = await look_at_database(clubs.source, clubs.urls.app)
    assert "records not believed: 1 fork, 1 unroutable" in said(found, state="warn")
    assert [each.do_en for each in found if each.en.startswith("records not")] == ["./clb set-aside list"]
    assert "no operator's token is valid" in said(found, state="bad")


async def test_the_age_of_the_last_checkpoint_and_of_the_last_verification_is_told(place: Place, tmp_path: Path) -> None:
    assert said(look_at_proof(place.source, tmp_path, tmp_path, NOW), state="warn") == ["no checkpoint was signed yet"]
    await place.put("purse-1", 1)
    key = make_key(tmp_path / "keys" / "a.key")
    made = await make_checkpoint(place.pool, place.source, key, checkpoint_file(tmp_path, place.source))
    assert made is not None
    keep(tmp_path, Verified(place.source, made.time, sound=True, rows=1, checkpoints=1))
    assert [each.state for each in look_at_proof(place.source, tmp_path, tmp_path, made.time)] == ["ok", "ok"]
    later = made.time + timedelta(days=31)
    assert [each.state for each in look_at_proof(place.source, tmp_path, tmp_path, later)] == ["warn", "ok"]
    keep(tmp_path, Verified(place.source, made.time, sound=False, rows=1, checkpoints=1))
    assert not verdict(look_at_proof(place.source, tmp_path, tmp_path, made.time))[0]


async def test_I11_a_log_that_was_rewritten_since_its_last_checkpoint_makes_a_restart_unsafe(
    clubs: Place, postgres: Any, tmp_path: Path
) -> None:
    one, two = streams_of_one_lane(2)
    for n in range(3):
        await clubs.put(one, n, expected=n)
        await clubs.put(two, n, expected=n)
    await make_checkpoint(clubs.pool, clubs.source, make_key(tmp_path / "a.key"), checkpoint_file(tmp_path, clubs.source))
    found = await look_at_database(clubs.source, clubs.urls.app, tmp_path)
    assert "the store holds what the last checkpoint proves" in said(found, state="ok")
    await tampering.tamper(clubs, postgres, lane_of(one), tampering.CHANGED, rechain=True)
    found = await look_at_database(clubs.source, clubs.urls.app, tmp_path)
    assert any(text.startswith("the log was rewritten: lane") for text in said(found, state="bad"))
    assert not verdict(found)[0]


async def test_a_verification_that_found_something_makes_a_restart_unsafe_and_is_told(clubs: Place) -> None:
    async def verified(*findings: Finding) -> list[Found]:
        async with clubs.pool.acquire() as connection:
            report = Report(clubs.source, rows=6, read=6, findings=[*findings])
            await verifications.keep(connection, report, NOW, NOW, whole=True, proved=None)
        return await look_at_database(clubs.source, clubs.urls.app)

    assert "verified itself at 2026-06-01T00:00:00+00:00: intact" in said(await verified(), state="ok")
    found = await verified(Finding(7, 3, 3, "chain", "hàng bị sửa", "the row was changed", "club-1"))
    told = "verified itself at 2026-06-01T00:00:00+00:00: 1 findings, the first: the row was changed"
    assert told in said(found, state="bad")
    assert not verdict(found)[0]


@pytest.mark.parametrize(
    ("part", "state", "blocks", "do"),
    [
        ("log", {"ok": False, "closed": "behind", "why": "Kafka has an event"}, True, "./clb recover clubs"),
        ("log", {"ok": False, "why": "the last commands could not be stored"}, False, "see logs/clubs.log"),
        (
            "projections",
            {"ok": False, "red": ["two records follow at position 3"]},
            True,
            "./clb set-aside list",
        ),
        ("projections", {"ok": False, "red": [], "failure": "the database is away"}, False, "see logs/clubs.log"),
    ],
)
def test_a_log_that_went_back_and_a_lane_that_nobody_can_decide_are_never_safe_to_restart(
    part: str, state: dict[str, Any], blocks: bool, do: str
) -> None:
    """The naive doctor called each red part bad and the restart safe. Seen to fail with it."""
    found = red_part("clubs", part, state)
    assert (found.state, verdict([found])[0], found.do_en) == ("bad", not blocks, do)


async def test_a_look_that_fails_is_a_finding_and_not_the_end() -> None:
    async def fails() -> list[Found]:
        raise RuntimeError("a plug was pulled")

    (found,) = await looked("a part", fails)
    assert (found.state, found.en) == ("bad", "cannot be looked at (RuntimeError: a plug was pulled)")


async def test_with_everything_down_the_doctor_says_so_line_by_line(tmp_path: Path) -> None:
    dead = {
        f"{name}_DATABASE_URL": "postgresql://a:b@127.0.0.1:9/c" for name in ("CLUBS", "TRAININGS", "MONITORING", "REPORTING")
    }
    code, text = await clb("doctor", CLB_DATA=str(tmp_path), KAFKA_BOOTSTRAP="127.0.0.1:9", **dead)
    assert code == 1
    assert text.count("PostgreSQL does not answer (ConnectionRefusedError)") == 4
    assert "Kafka                cannot be looked at" in text
    assert "The system is not running" in text
    assert text.rstrip().splitlines()[-1].startswith("It is safe to restart now")


async def test_for_programs_the_findings_are_json_and_drifted_topics_are_named(
    clubs: Place, kafka_bootstrap: str, tmp_path: Path
) -> None:
    topics.apply(kafka_bootstrap)
    reach = {"CLB_DATA": str(tmp_path), "KAFKA_BOOTSTRAP": kafka_bootstrap, "CLUBS_DATABASE_URL": clubs.urls.app}
    code, text = await clb("doctor", "--json", **reach)
    answer = json.loads(text)
    assert code == 1
    assert answer["safe_to_restart"] is True
    kafka = [each["en"] for each in answer["findings"] if each["area"] == "Kafka"]
    assert "topics as the code says: partitions, copies, min.insync, kept for ever" in kafka
    unknown = {each["area"] for each in answer["findings"] if each["en"] == "its database is not known"}
    assert unknown == {"trainings", "monitoring", "reporting"}
