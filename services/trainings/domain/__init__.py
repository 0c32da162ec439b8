"""What the trainings service decides: training rounds (đợt tập huấn) and the boards (ban chủ nhiệm) that still need one.

Guarantees that a round has one report that later reports correct, and that a board is a to-do exactly while no round is
known to have trained it. Refuses what cannot be so; points out what is odd. Pure: no I/O.
"""

from __future__ import annotations

from services.trainings.domain.boards import BOARDS, Board, BoardCommand, RecordBoardTrained, RequireBoardTraining
from services.trainings.domain.rounds import ROUNDS, CancelTraining, HoldTraining, PlanTraining, Round, RoundCommand

__all__ = [
    "BOARDS",
    "ROUNDS",
    "Board",
    "BoardCommand",
    "CancelTraining",
    "HoldTraining",
    "PlanTraining",
    "RecordBoardTrained",
    "RequireBoardTraining",
    "Round",
    "RoundCommand",
]
