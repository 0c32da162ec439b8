"""The one door to the folds: `(state of a subject, event) -> (new state, entries)`. Pure; sees one stream only.

Events that are themselves a row of a table (targets, declared figures) have no state and no entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from services.reporting.ledger.club import Club
from services.reporting.ledger.club_fold import fold_club
from services.reporting.ledger.entries import Book, Entry
from services.reporting.ledger.inspection import Inspection, fold_inspection
from services.reporting.ledger.keys import CannotFollow
from services.reporting.ledger.round import Board, Round, fold_board, fold_round
from shared.events.clubs import ClubEvent
from shared.events.language import UPCASTS
from shared.events.monitoring import InspectionEvent, TargetEvent
from shared.events.reporting import ReportingEvent
from shared.events.trainings import BoardEvent, TrainingEvent
from shared.kernel.event import Event, EventCodec

if TYPE_CHECKING:
    from services.reporting.ledger.keys import Keys
    from services.reporting.ledger.state import Subject

CODEC = EventCodec(ClubEvent, TrainingEvent, BoardEvent, InspectionEvent, TargetEvent, ReportingEvent, upcasts=UPCASTS)
"""Every event that the ledger reads."""


def fold(state: Subject | None, event: Event, keys: Keys) -> tuple[Subject | None, tuple[Entry, ...]]:
    """The state after an event and what the event writes. May raise `CannotFollow` for an event that cannot be placed."""
    book = Book()
    after: Subject | None
    if isinstance(event, ClubEvent):
        after = fold_club(_expect(Club, state), event, keys, book)
    elif isinstance(event, TrainingEvent):
        after = fold_round(_expect(Round, state), event, keys, book)
    elif isinstance(event, BoardEvent):
        after = fold_board(_expect(Board, state), event, keys, book)
    elif isinstance(event, InspectionEvent):
        after = fold_inspection(_expect(Inspection, state), event, keys, book)
    else:
        return None, ()
    return after, tuple(book.entries())


S = TypeVar("S")


def _expect(kind: type[S], state: Subject | None) -> S | None:
    if state is None or isinstance(state, kind):
        return state
    raise CannotFollow(f"a stream is about one kind of subject: {type(state).__name__} is no {kind.__name__}")
