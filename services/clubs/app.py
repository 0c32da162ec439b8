"""The clubs service, put together: what it decides, what it keeps, what it answers."""

from __future__ import annotations

from services.clubs.api import router
from services.clubs.domain import CLUBS, ClubCommand
from services.clubs.views import Clubs
from shared.events.language import codec_of
from shared.kernel.command import command_types
from shared.runtime.service import Service

SERVICE = Service(
    name="clubs",
    commands=ClubCommand,
    deciders=dict.fromkeys(command_types(ClubCommand).values(), CLUBS),
    codec=codec_of("clubs"),
    views=lambda places: [Clubs(places)],
    policies=lambda _places: [],
    routers=lambda reads: [router(reads.pool, reads.places)],
)
