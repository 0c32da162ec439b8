"""What the monitoring service decides: targets (chỉ tiêu), inspections (kiểm tra, giám sát), recommendations (kiến nghị).

Guarantees that setting a target again replaces it, and that what was remedied survives every correction of an inspection's
report. Refuses what cannot be so; points out what is odd. Pure: no I/O.
"""

from __future__ import annotations

from services.monitoring.domain.inspections import (
    INSPECTIONS,
    CompleteInspection,
    Inspection,
    InspectionCommand,
    PlanInspection,
)
from services.monitoring.domain.recommendations import RecheckRecommendation, RemedyRecommendation
from services.monitoring.domain.targets import TARGETS, SetTarget, Target

__all__ = [
    "INSPECTIONS",
    "TARGETS",
    "CompleteInspection",
    "Inspection",
    "InspectionCommand",
    "PlanInspection",
    "RecheckRecommendation",
    "RemedyRecommendation",
    "SetTarget",
    "Target",
]
