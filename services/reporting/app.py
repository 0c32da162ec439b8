"""The reporting service, put together: the ledger that it keeps, its one command, and the questions that it answers."""

from __future__ import annotations

from services.reporting import event_entries
from services.reporting.api import router
from services.reporting.declarations import DECLARATIONS, DeclareFigure
from services.reporting.ledger.view import FiguresView
from shared.events.language import codec_of
from shared.reference.book import load
from shared.runtime.service import Service

SERVICE = Service(
    name="reporting",
    commands=DeclareFigure,
    deciders={DeclareFigure: DECLARATIONS},
    codec=codec_of("reporting"),
    views=lambda places: [FiguresView(places)],
    policies=lambda _places: [],
    routers=lambda reads: [
        router(reads, load(), FiguresView(load())),
        event_entries.router(reads.pool, reads.places, FiguresView(load())),
    ],
)
