"""I11: changing a stored event breaks the verification of a published checkpoint, and the first row changed is named.

A superuser of a real Postgres does the changing; what must be found is written out by hand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.eventlog.checkpoints import Checkpoint, checkpoint_of, numbered
from shared.eventlog.marks import Finding, Marks, marks_of
from shared.eventlog.signing import SigningKey, make_key
from shared.eventlog.stored import DumpedLog, StoredLog, write_dump
from shared.eventlog.verification import first_of_lanes, verify_stored
from shared.kernel.lanes import lane_of
from shared.relay.relay import Relay
from shared.relay.witness import against_kafka
from tests.shared.flow import Place, running, streams_of_lanes, streams_of_one_lane, until
from tests.shared.relay.test_relay import drained
from tests.shared.verification import tampering as t

ONE, TWO = streams_of_one_lane(2)
"""Two purses of one lane: its rows 1, 3, 5 are of the first, 2, 4, 6 of the second."""
LANE = lane_of(ONE)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return make_key(tmp_path / "keys" / "a.key")


async def fill(place: Place) -> None:
    for n in range(3):
        await place.put(ONE, n, expected=n)
        await place.put(TWO, n, expected=n)
    for other in streams_of_lanes(8, "other"):
        await place.put(other, 1, 2)


async def signed(place: Place, key: SigningKey, before: list[str]) -> list[str]:
    """The lines of checkpoints, with one more of the log as it is now."""
    log = await StoredLog.open(place.pool, place.source)
    found = [checkpoint for _, checkpoint in numbered(before, key.public, place.source)]
    previous: Checkpoint | None = found[-1] if found else None
    return [*before, checkpoint_of(place.source, log.identity, log.heads, datetime.now(UTC), previous).line(key)]


def marks(lines: list[str], key: SigningKey, place: Place) -> Marks:
    return marks_of(numbered(lines, key.public, place.source))


async def found(place: Place, known: Marks | None = None, page: int = 2) -> list[Finding]:
    return await verify_stored(await StoredLog.open(place.pool, place.source, page=page), known or Marks())


def rows(findings: list[Finding]) -> list[tuple[int, int, int, str | None, str]]:
    return [(each.lane, each.position, each.until, each.stream, each.witness) for each in findings]


async def test_an_untouched_log_is_sound_before_and_after_its_checkpoints(place: Place, key: SigningKey) -> None:
    lines = await signed(place, key, [])
    await fill(place)
    lines = await signed(place, key, lines)
    await place.put(ONE, 7, expected=3)
    known = marks(lines, key, place)
    assert (known.count, known.missing_lines, known.contradictions) == (2, [], [])
    assert await found(place, known) == []
    log = await StoredLog.open(place.pool, place.source)
    assert (await log.without_answer(), await log.outside()) == ([], 0)


@pytest.mark.parametrize(
    ("statements", "row"),
    [
        pytest.param(t.CHANGED, (3, ONE, "chain"), id="changed"),
        pytest.param(t.BACKDATED, (3, ONE, "chain"), id="backdated"),
        pytest.param(t.STREAM_MOVED, (3, "purse-elsewhere", "chain"), id="given to another stream"),
        pytest.param(t.REMOVED, (3, None, "chain"), id="removed"),
        pytest.param(t.REMOVED_AND_CLOSED, (3, TWO, "chain"), id="removed and the gap closed"),
        pytest.param(t.PUT_IN, (3, ONE, "chain"), id="put in"),
        pytest.param(t.SWAPPED, (3, TWO, "chain"), id="swapped"),
        pytest.param(t.TAIL_CUT, (5, None, "chain"), id="tail cut"),
        pytest.param(t.TAIL_ADDED, (7, TWO, "chain"), id="added after the head"),
    ],
)
async def test_I11_a_row_that_a_superuser_touched_is_named_by_the_chain(
    place: Place, postgres: Any, statements: list[str], row: tuple[int, str | None, str]
) -> None:
    await fill(place)
    await t.tamper(place, postgres, LANE, statements, rechain=False)
    position, stream, witness = row
    assert rows(await found(place)) == [(LANE, position, position, stream, witness)]


async def test_I11_a_head_that_was_changed_alone_is_named(place: Place, postgres: Any) -> None:
    await fill(place)
    await t.tamper(place, postgres, LANE, ["update log.lanes set hash = sha256('x') where lane = $1"], rechain=False)
    assert rows(await found(place)) == [(LANE, 6, 6, None, "head")]


REWRITTEN = [
    pytest.param(t.CHANGED, (3, 4, "checkpoint"), id="changed"),
    pytest.param(t.BACKDATED, (3, 3, "chain"), id="backdated: the time shows it"),
    pytest.param(t.REMOVED_AND_CLOSED, (3, 4, "checkpoint"), id="removed"),
    pytest.param(t.PUT_IN, (3, 3, "chain"), id="put in: the time of the copied row shows it"),
    pytest.param(t.SWAPPED, (3, 4, "chain"), id="swapped: the time shows it"),
    pytest.param(t.TAIL_CUT, (5, 5, "checkpoint"), id="tail cut together with its head"),
]


@pytest.mark.parametrize(("statements", "span"), REWRITTEN)
async def test_I11_a_log_rewritten_together_with_its_chain_and_heads_contradicts_its_checkpoints(
    place: Place, postgres: Any, key: SigningKey, statements: list[str], span: tuple[int, int, str]
) -> None:
    """Signed after rows 2, 4 and 6: the row is in the span since the checkpoint before. Without checkpoints the store agrees
    with itself, which is why they are signed. Seen to fail with the comparison of hashes at a mark taken out."""
    lines: list[str] = []
    for n in range(3):
        await place.put(ONE, n, expected=n)
        await place.put(TWO, n, expected=n)
        lines = await signed(place, key, lines)
    await t.tamper(place, postgres, LANE, statements, rechain=True)
    (finding,) = await found(place, marks(lines, key, place))
    assert (finding.lane, finding.position, finding.until, finding.witness) == (LANE, *span)
    if span[2] == "checkpoint":
        assert await found(place) == [], "the store alone agrees with itself"


async def test_I11_with_a_checkpoint_after_each_row_the_row_and_its_stream_are_named(
    place: Place, postgres: Any, key: SigningKey
) -> None:
    lines: list[str] = []
    for n in range(3):
        await place.put(ONE, n, expected=n)
        lines = await signed(place, key, lines)
        await place.put(TWO, n, expected=n)
        lines = await signed(place, key, lines)
    await t.tamper(place, postgres, LANE, t.CHANGED, rechain=True)
    assert rows(await found(place, marks(lines, key, place))) == [(LANE, 3, 3, ONE, "checkpoint")]


async def test_I11_checkpoints_signed_on_both_sides_of_a_rewriting_say_when_it_was(
    place: Place, postgres: Any, key: SigningKey
) -> None:
    """The later checkpoint proves the rewritten log; the earlier one does not."""
    await fill(place)
    lines = await signed(place, key, [])
    await t.tamper(place, postgres, LANE, t.TAIL_CUT, rechain=True)
    lines = await signed(place, key, lines)
    known = marks(lines, key, place)
    assert rows(known.contradictions) == [(LANE, 5, 6, None, "checkpoint")]
    assert "rewritten between the checkpoints" in known.contradictions[0].en
    assert LANE in {each.lane for each in await found(place, known)}


@pytest.mark.parametrize(
    ("statements", "row"),
    [
        pytest.param(t.CHANGED, (3, ONE, "the store differs from Kafka in: data"), id="changed"),
        pytest.param(t.BACKDATED, (3, ONE, "the store differs from Kafka in: recorded_at"), id="backdated"),
        pytest.param(
            t.TAIL_CUT, (5, ONE, "the store has no such row, Kafka has it: run ./clb recover {source}"), id="tail cut"
        ),
    ],
)
async def test_I11_what_a_rewritten_log_said_before_is_on_its_topic_so_the_row_is_named_exactly(
    flow: Place, postgres: Any, key: SigningKey, statements: list[str], row: tuple[int, str, str]
) -> None:
    """By kafka-python, which shares no code with the relay. Only one checkpoint: it knows no more than a span."""
    async with running(Relay(flow.pool, flow.source, flow.bootstrap)):
        await fill(flow)
        await until(lambda: drained(flow))
    assert (await against_kafka(flow.pool, flow.source, flow.bootstrap)).findings == []
    lines = await signed(flow, key, [])
    await t.tamper(flow, postgres, LANE, statements, rechain=True)
    position, stream, words = row
    witnessed = (await against_kafka(flow.pool, flow.source, flow.bootstrap)).findings
    said = words.format(source=flow.source)
    assert [(each.lane, each.position, each.stream, each.en) for each in witnessed] == [(LANE, position, stream, said)]
    (finding,) = first_of_lanes([*await found(flow, marks(lines, key, flow)), *witnessed])
    assert (finding.position, finding.exact) == (position, True)


async def test_I11_a_row_put_in_with_its_chain_is_named_where_no_command_recorded_it(place: Place, postgres: Any) -> None:
    await fill(place)
    await t.tamper(place, postgres, LANE, t.TAIL_ADDED, rechain=True)
    assert await found(place) == []
    assert rows(await (await StoredLog.open(place.pool, place.source)).without_answer()) == [(LANE, 7, 7, TWO, "commands")]


@pytest.mark.parametrize("name", ["log.ndjson", "log.ndjson.gz"])
async def test_I11_an_exported_log_is_verified_like_the_store_it_came_from(
    place: Place, postgres: Any, key: SigningKey, tmp_path: Path, name: str
) -> None:
    await fill(place)
    lines = await signed(place, key, [])
    known = marks(lines, key, place)
    sound, cut = tmp_path / f"sound-{name}", tmp_path / f"cut-{name}"
    log = await StoredLog.open(place.pool, place.source, page=2)
    assert await write_dump(log, sound, datetime.now(UTC)) == 6 + 16
    assert await verify_stored(DumpedLog(sound, page=3), known) == []
    await t.tamper(place, postgres, LANE, t.TAIL_CUT, rechain=True)
    await write_dump(await StoredLog.open(place.pool, place.source), cut, datetime.now(UTC))
    assert rows(await verify_stored(DumpedLog(cut), known)) == [(LANE, 5, 5, None, "checkpoint")]
