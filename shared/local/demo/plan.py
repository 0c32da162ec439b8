"""What the ministry's plan of 2024 and 2025 (Decision 1335/QĐ-LĐTBXH) asks beyond the published points: its own target."""

from __future__ import annotations

from importlib import resources

from shared.reference.points.commands import SET_TARGET, WireCommand, identified

TRAINING_ROUNDS = identified(
    SET_TARGET,
    {
        "scheme": "1335",
        "indicator": "training-rounds",
        "area": {"code": "VN", "list": "34"},
        "period_from": "2024-01-01",
        "period_to": "2025-12-31",
        "low": "5",
        "high": "7",
        "measure": "per-year",
        "source": "Quyết định 1335/QĐ-LĐTBXH ngày 29/8/2024, mục III.1.b: mỗi năm từ 5 đến 7 đợt tập huấn",
    },
)


def plan_targets() -> list[WireCommand]:
    """The targets of the plan."""
    return [TRAINING_ROUNDS]


PUBLISHED = "published_points.csv"


def published_points() -> bytes:
    """The published points that the demo loads."""
    return resources.files("shared.local.demo").joinpath(f"data/{PUBLISHED}").read_bytes()
