"""The trainings service, put together. Its commands about boards come from its own policy only, never from outside."""

from __future__ import annotations

from services.trainings.api import router
from services.trainings.domain import BOARDS, ROUNDS, BoardCommand, RoundCommand
from services.trainings.policies import TrainBoards
from services.trainings.views import BoardTodos, Rounds
from shared.events.language import codec_of
from shared.kernel.command import command_types
from shared.runtime.service import Service

SERVICE = Service(
    name="trainings",
    commands=RoundCommand,
    deciders={
        **dict.fromkeys(command_types(RoundCommand).values(), ROUNDS),
        **dict.fromkeys(command_types(BoardCommand).values(), BOARDS),
    },
    codec=codec_of("trainings"),
    views=lambda places: [Rounds(places), BoardTodos(places)],
    policies=lambda places: [TrainBoards(places)],
    routers=lambda reads: [router(reads.pool, reads.places)],
)
