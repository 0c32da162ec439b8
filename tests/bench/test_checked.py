"""The two folds that R17 compares differ in what they believe, and in nothing else."""

from __future__ import annotations

import pytest

from bench.work.checked import PositionsAlone, batches
from bench.workload.country import read
from bench.workload.events import Generator
from bench.workload.load import IDENTITIES
from services.reporting.ledger.view import FiguresView
from shared.kafka.record import Received
from shared.projections.chain import Chain
from shared.projections.checkpoints import Stands
from shared.projections.intake import Intake
from shared.reference.book import load


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Received]:
    file = tmp_path_factory.mktemp("workload") / "w.ndjson"
    file.write_bytes(b"".join(Generator(read(), 0.002).lines()))
    return [record for batch in batches(file) for record in batch]


def taken(intake: type[Intake], records: list[Received]) -> tuple[list[tuple[str, int, int]], int]:
    """What is taken of an empty view's first batch, and how many records are set aside."""
    one = intake(FiguresView(load()), Chain(IDENTITIES))
    opened = one.open(records, {})
    at_rest = {(each.at.source, each.at.lane): Stands(0, 1, None) for each in opened}
    found, _ = one.next(opened, at_rest)
    return [each.at for each in found], len(one.aside)


def test_both_take_every_record_of_the_workload(records: list[Received]) -> None:
    assert taken(Intake, records) == taken(PositionsAlone, records)
    assert taken(Intake, records)[1] == 0
    assert len(taken(Intake, records)[0]) == len(records)


def test_only_the_one_that_checks_sets_a_changed_record_aside(records: list[Received]) -> None:
    """Seen to fail with `PositionsAlone` in both places: the share that is measured would be that of nothing."""
    changed = [*records[:-1], records[-1]._replace(value=b'{"changed":true}')]
    assert taken(Intake, changed)[1] == 1
    assert taken(PositionsAlone, changed)[1] == 0
