"""The four services (dịch vụ), each with a log of its own, which bears its name."""

from __future__ import annotations

from typing import Final

SERVICES: Final = ("clubs", "trainings", "monitoring", "reporting")
