"""The monitoring service, put together: targets, inspections and their recommendations."""

from __future__ import annotations

from services.monitoring.api import router
from services.monitoring.domain import INSPECTIONS, TARGETS, InspectionCommand, SetTarget
from services.monitoring.views import Inspections, Targets
from shared.events.language import codec_of
from shared.kernel.command import command_types
from shared.runtime.service import Service

SERVICE = Service(
    name="monitoring",
    commands=InspectionCommand | SetTarget,
    deciders={
        **dict.fromkeys(command_types(InspectionCommand).values(), INSPECTIONS),
        SetTarget: TARGETS,
    },
    codec=codec_of("monitoring"),
    views=lambda places: [Targets(places), Inspections(places)],
    policies=lambda _places: [],
    routers=lambda reads: [router(reads.pool, reads.places, reads.clock)],
)
