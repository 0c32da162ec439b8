"""Which service answers a path or a command, for the one address in front of all.

Guarantees that a path has one spelling: doubled slashes, dot segments, encoded slashes, dots, backslashes and control
characters are refused, so that no spelling of a path meets another check than the path itself. Letters keep their case.
"""

from __future__ import annotations

import re

from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES

ELSE = "reporting"

_BY_WORD = {
    "clubs": "clubs",
    "trainings": "trainings",
    "board-todos": "trainings",
    "inspections": "monitoring",
    "recommendations": "monitoring",
    "targets": "monitoring",
}
"""The service by the word after `/v1/`; every other path is the reporting service's."""

_BY_VIEW = {
    "clubs": "clubs",
    "rounds": "trainings",
    "board_todos": "trainings",
    "targets": "monitoring",
    "inspections": "monitoring",
    "policy_train_boards": "trainings",
}
"""The service that has a view, by the word after `/v1/projections/`; `figures` is the reporting service's."""

VIEWS = (*_BY_VIEW, "figures")
"""Every view of every service, and every policy that remembers how far it has read."""

_BY_STREAM = {
    "club": "clubs",
    "round": "trainings",
    "board": "trainings",
    "inspection": "monitoring",
    "target": "monitoring",
}
"""The service whose log holds a stream, by the word that its name begins with; declared figures are the reporting service's."""

_OPEN = ("openapi.json", "health", "ready")
"""What of each service itself is seen through the front, under its name."""

_EACH = ("log", "set-aside")
"""What every service has of its own under `/v1/`: seen through the front under the service's name, `/clubs/v1/log/heads`."""

_CROOKED = re.compile(rb"//|\\|[\x00-\x20\x7f]|%(?:2f|5c|2e|25|0[0-9a-f]|1[0-9a-f]|7f)|/\.{1,2}(?:/|$)", re.IGNORECASE)


def require_plain(raw_path: bytes) -> None:
    """Refuse (400) a path that could be read in two ways."""
    if len(raw_path) > 2000 or not raw_path.startswith(b"/") or _CROOKED.search(raw_path):
        raise Refused(
            "path-not-plain",
            "Địa chỉ này có cách viết không được nhận (//, .., ký tự mã hoá); hãy viết thẳng đường dẫn.",
            "This spelling of a path is not accepted (//, .., encoded characters); write the path plainly.",
            status=400,
        )


def target_of(path: str) -> tuple[str, str | None]:
    """The service of a path, and the path to ask it if that is another one. May raise `Refused` (404)."""
    parts = path.split("/")
    if len(parts) >= 3 and parts[1] in SERVICES:
        if (len(parts) == 3 and parts[2] in _OPEN) or (len(parts) >= 4 and parts[2] == "v1" and parts[3] in _EACH):
            return parts[1], path[len(parts[1]) + 1 :]
        raise _nothing_there()
    if path == "/metrics":
        raise _nothing_there()
    if len(parts) >= 4 and parts[1:3] == ["v1", "streams"]:
        return service_of_stream(parts[3]), None
    if len(parts) >= 4 and parts[1:3] == ["v1", "projections"]:
        return service_of_view(parts[3]), None
    if len(parts) >= 3 and parts[1] == "v1":
        return _BY_WORD.get(parts[2].partition(":")[0], ELSE), None
    return ELSE, None


def service_of_view(view: str) -> str:
    """The service that has a view."""
    return _BY_VIEW.get(view, ELSE)


def service_of_stream(stream: str) -> str:
    """The service in whose log a stream is kept."""
    return _BY_STREAM.get(stream.partition("-")[0], ELSE)


def service_of_command(name: object) -> str | None:
    """The service of a command by the word before the dot; None if there is no such service."""
    prefix = name.partition(".")[0] if isinstance(name, str) else ""
    return prefix if prefix in SERVICES else None


def unknown_service(field: str) -> Refused:
    """The refusal of a command that belongs to no service."""
    known = ", ".join(f"{name}.*" for name in SERVICES)
    return Refused(
        "unknown-command",
        f"Không có lệnh này. Tên lệnh bắt đầu bằng tên dịch vụ: {known}; danh sách ở /clubs/openapi.json v.v.",
        f"There is no such command. A command's name begins with its service: {known}; see /clubs/openapi.json and so on.",
        field=field,
    )


def _nothing_there() -> Refused:
    return Refused("no-such-page", "Không có địa chỉ này.", "There is nothing at this address.", status=404)
