"""What was signed and is gone for good is given up by a signature, and is then held against the log no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.eventlog.records import Appended
from shared.eventlog.signing import SigningKey, make_key
from shared.eventlog.stored import StoredLog
from shared.kernel.errors import Refused
from shared.kernel.lanes import lane_of
from shared.local.databases import connect
from shared.relay.recovery.branches import Rulings
from shared.relay.recovery.recover import Outcome, Place, recover
from shared.relay.rule import rule
from shared.relay.signer import Rewritten, checkpoint_file, make_checkpoint
from shared.relay.verification import Report, check_store, marks_from
from tests.shared import flow as toy
from tests.shared.flow import streams_of_lanes
from tests.shared.relay.test_guard import process
from tests.shared.relay.test_recover import everything_fits
from tests.shared.relay.times import dumped, restored

KEPT, LOST = streams_of_lanes(2)


async def accepted(flow: toy.Place, file: Path, key: SigningKey, signing: SigningKey | None, *, accept: bool) -> Outcome:
    owner = await connect(flow.urls.owner)
    try:
        place = Place(flow.source, flow.pool, owner, flow.urls.app_role, flow.bootstrap, file, key.public, signing)
        return await recover(place, everything_fits, accept_loss=accept)
    finally:
        await owner.close()


async def verified(flow: toy.Place, file: Path, key: SigningKey) -> Report:
    report = Report(flow.source)
    marks = marks_from(report, file.read_text().splitlines(), key.public)
    await check_store(report, flow.pool, await StoredLog.open(flow.pool, flow.source), marks)
    return report


async def test_a_loss_that_a_person_accepts_is_signed_and_nothing_is_red_for_ever(flow: toy.Place, tmp_path: Path) -> None:
    """Signed events that were never published are gone with the disk. Seen to fail with the acceptance in the database alone:
    verification found the log rewritten for ever, and no ruling was ever made about the lane again; and with what had been
    ruled of it before left standing: the new event was the log's for nobody."""
    key, file = make_key(tmp_path / "keys" / "a.key"), checkpoint_file(tmp_path, flow.source)
    await flow.put(KEPT, 1, 2)
    await flow.put(LOST, 1, 2)
    first = await make_checkpoint(flow.pool, flow.source, key, file)
    dump = await dumped(flow.urls, tmp_path / "dump")
    for amount, before in ((3, 2), (4, 3)):
        await flow.put(LOST, amount, expected=before)
        await make_checkpoint(flow.pool, flow.source, key, file)
    stood = await rule(flow.pool, flow.source, key, file, lane_of(LOST), 3, "a test")
    await restored(flow.urls, dump)
    assert not (await verified(flow, file, key)).sound
    with pytest.raises(Rewritten):
        await make_checkpoint(flow.pool, flow.source, key, file)
    for signing, accept, slug in ((key, False, "signed-lost"), (None, True, "no-signing-key")):
        with pytest.raises(Refused) as refused:
            await accepted(flow, file, key, signing, accept=accept)
        assert refused.value.slug == slug

    assert (await accepted(flow, file, key, key, accept=True)).run is not None
    marks = marks_from(Report(flow.source), file.read_text().splitlines(), key.public)
    assert marks.last is not None
    assert first is not None
    assert (marks.last.given_up, marks.last.heads) == (((lane_of(LOST), 2),), first.heads)
    assert (await verified(flow, file, key)).sound
    async with process(flow) as started:
        assert started.guard.healthy()
        assert isinstance(await started.put(LOST, 2), Appended)
    await make_checkpoint(flow.pool, flow.source, key, file)
    assert (await verified(flow, file, key)).sound
    ruling = await rule(flow.pool, flow.source, key, file, lane_of(LOST), 3, "a test")
    assert ruling is not None
    assert stood is not None
    assert (ruling.stands, ruling.hash == stood.hash) == (True, False)
    ruled = Rulings.of([stood, ruling], [marks.last])
    assert ruled.stands == {(lane_of(LOST), 3): ruling.hash}
    assert any("gives up" in note.en for note in (await verified(flow, file, key)).notes)
    assert (await accepted(flow, file, key, key, accept=True)).run is None, "there is nothing left to give up"


async def test_what_was_lost_only_in_part_is_given_up_only_from_there_on(flow: toy.Place, tmp_path: Path) -> None:
    """Other lanes are held against all that was signed of them. Seen to fail with the marks of all lanes forgotten."""
    key, file = make_key(tmp_path / "keys" / "a.key"), checkpoint_file(tmp_path, flow.source)
    await flow.put(KEPT, 1, 2)
    await flow.put(LOST, 1)
    await make_checkpoint(flow.pool, flow.source, key, file)
    dump = await dumped(flow.urls, tmp_path / "dump")
    await flow.put(LOST, 2, expected=1)
    await make_checkpoint(flow.pool, flow.source, key, file)
    await restored(flow.urls, dump)
    await accepted(flow, file, key, key, accept=True)
    marks = marks_from(Report(flow.source), file.read_text().splitlines(), key.public)
    assert [list(marks.positions[lane_of(name)]) for name in (KEPT, LOST)] == [[2], [1]]
    assert marks.contradictions == []
