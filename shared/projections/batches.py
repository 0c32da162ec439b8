"""What a member of a group does with what it was given, whatever carries it: take over lanes, fold a batch into a view.

`Runner` does it from Kafka into Postgres, the simulator in memory; both run this code. Nothing is remembered of a batch that
did not commit. It refuses to fold into a view that has stopped for good.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.kafka.record import Partition, Received
from shared.kafka.topics import topic_of
from shared.projections import words
from shared.projections.chain import Chain
from shared.projections.fold import Folded, TooManyDeadLetters, fold_into
from shared.projections.progress import Progress
from shared.projections.store import Stores
from shared.projections.view import View
from shared.telemetry.ids import Point

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchDone:
    """A batch that one view has committed. Times are nanoseconds since 1970; `point` is its span, if one was asked for."""

    view: View
    records: Sequence[Received]
    folded: Folded
    began: int
    ended: int
    point: Point | None


async def take_over(
    stores: Stores, progress: Progress, partitions: Sequence[Partition], starts: Mapping[tuple[str, int], int]
) -> dict[tuple[str, int], int]:
    """Take over the lanes of these partitions in one view; where to read on is where the slowest view so far stands."""
    topics = {topic_of(source) for source in progress.view.sources}
    mine = [p for p in partitions if p.topic in topics]
    claim = await stores.claim(progress.view, mine)
    progress.taken_over(claim)
    found = {(p.topic, p.partition): claim.offsets.get((p.topic, p.partition), 0) for p in mine}
    return {**starts, **{where: min(offset, starts.get(where, offset)) for where, offset in found.items()}}


def wanted(view: View, records: Sequence[Received]) -> list[Received]:
    """Those of the topics that the view reads."""
    topics = {topic_of(source) for source in view.sources}
    return [record for record in records if record.topic in topics]


async def fold_batch(stores: Stores, progress: Progress, records: Sequence[Received], chain: Chain) -> Folded | None:
    """Fold those records that the view wants, in one transaction. None: it wants none, or has stopped, or stops now.

    May raise `Fenced` and whatever will pass; then nothing has happened and the batch must come again.
    """
    view, epochs = progress.view, progress.epochs
    mine = wanted(view, records)
    if not mine or progress.broken is not None:
        return None
    try:
        async with stores.transaction(view) as store:
            folded = await fold_into(
                store,
                view,
                mine,
                known=progress.positions,
                epochs=epochs,
                holds=progress.holds(),
                chain=chain,
                stopped=progress.spoiled.__contains__,
                poison_allowed=progress.poison_allowed(len(mine)),
            )
    except TooManyDeadLetters as failure:
        progress.broken = words.too_many_bad(failure)
        log.error("View %s stops: %s", view.name, progress.broken)  # noqa: TRY400  # the cause is in the words
        return None
    if progress.epochs is epochs:  # else its lanes were claimed anew meanwhile, and it stands where the claim found it
        progress.committed(folded, mine)
    chain.took(folded.links)
    for lane, position in folded.contested.items():
        chain.contest(lane, position)
    return folded
