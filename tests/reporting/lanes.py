"""Streams of events as the logs hold them: lanes with dense positions and chained events, in the order of recording."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.kernel.lanes import lane_of
from shared.projections.view import Delivered
from shared.testing.folding import chained, delivered


def in_lanes(streams: dict[str, list[tuple[datetime, Any]]]) -> list[Delivered]:
    """As the logs hold them: each lane in the order of recording, its times never going back."""
    queue = [
        (at, stream, version, event)
        for stream, events in streams.items()
        for version, (at, event) in enumerate(events, start=1)
    ]
    queue.sort(key=lambda item: item[:3])
    positions: dict[tuple[str, int], int] = defaultdict(int)
    log: list[Delivered] = []
    for at, stream, version, event in queue:
        each = delivered(event, stream, version, recorded_at=at)
        lane = (each.recorded.source, lane_of(stream))
        positions[lane] += 1
        log.append(replace(each, recorded=replace(each.recorded, position=positions[lane])))
    hashed = chained(each.recorded for each in log)
    return [replace(each, recorded=recorded) for each, recorded in zip(log, hashed, strict=True)]
