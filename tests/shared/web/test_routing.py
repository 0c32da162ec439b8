"""Which service answers what, and the spellings of a path that nobody gets an answer to."""

from __future__ import annotations

import pytest

from shared.kernel.errors import Refused
from shared.web.routing import require_plain, service_of_command, target_of


@pytest.mark.parametrize(
    ("path", "service", "asked"),
    [
        ("/v1/clubs", "clubs", None),
        ("/v1/clubs/club-1", "clubs", None),
        ("/v1/trainings", "trainings", None),
        ("/v1/board-todos", "trainings", None),
        ("/v1/inspections/inspection-1", "monitoring", None),
        ("/v1/recommendations", "monitoring", None),
        ("/v1/targets", "monitoring", None),
        ("/v1/streams/club-1/events", "clubs", None),
        ("/v1/streams/round-1/events", "trainings", None),
        ("/v1/streams/board-club-1/events", "trainings", None),
        ("/v1/streams/inspection-1/events", "monitoring", None),
        ("/v1/streams/target-1648-members-VN-2030-12-31/events", "monitoring", None),
        ("/v1/streams/figure-1/events", "reporting", None),
        ("/v1/progress", "reporting", None),
        ("/v1/figures:preview", "reporting", None),
        ("/v1/clubsx", "reporting", None),
        ("/v1", "reporting", None),
        ("/", "reporting", None),
        ("/clubs/openapi.json", "clubs", "/openapi.json"),
        ("/monitoring/health", "monitoring", "/health"),
        ("/trainings/ready", "trainings", "/ready"),
    ],
)
def test_a_path_is_one_services(path: str, service: str, asked: str | None) -> None:
    assert target_of(path) == (service, asked)


@pytest.mark.parametrize("path", ["/metrics", "/clubs/metrics", "/clubs/v1/clubs", "/clubs/", "/reporting/v1/tokens"])
def test_what_a_service_shows_only_at_home_is_not_seen_through_the_front(path: str) -> None:
    with pytest.raises(Refused):
        target_of(path)


CROOKED = [
    "//v1/clubs", "/v1//clubs", "/v1/./clubs", "/v1/../clubs", "/v1/clubs/..", "/v1/%2e%2e/clubs", "/v1/%2E%2e/tokens",
    "/v1%2fclubs", "/v1%2Fclubs", "/v1/clubs%5c..", "/v1\\clubs", "/v1/%252e%252e/clubs", "/v1/clubs%00", "/v1/clubs%0d%0aX: y",
    "/v1/clubs\n", "/v1/ clubs", "v1/clubs", "", "/" + "a" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("path", CROOKED)
def test_a_path_that_could_be_read_in_two_ways_is_refused(path: str) -> None:
    with pytest.raises(Refused) as caught:
        require_plain(path.encode())
    assert caught.value.slug == "path-not-plain"


@pytest.mark.parametrize("path", ["/", "/v1/clubs", "/v1/numbers/a.b-c_d~e", "/v1/commands:batch", "/v1/places/Thi%E1%BB%87u"])
def test_a_plain_path_passes(path: str) -> None:
    require_plain(path.encode())


def test_a_command_goes_where_its_name_begins() -> None:
    assert service_of_command("clubs.found-club") == "clubs"
    assert [service_of_command(name) for name in ("clubsx.a", "Clubs.a", "", ".clubs", 7, None)] == [None] * 6
