"""CloudEvents 1.0 in binary mode, there and back; garbage is refused in one way only."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.headers import from_kafka, to_kafka
from shared.kernel.envelope import Recorded
from shared.kernel.event import Undecodable
from shared.kernel.lanes import lane_of

STREAM = "club-5f1b"
EVENT = Recorded(
    "clubs", lane_of(STREAM), 7, STREAM, 3, "0b6c6f5e-0000-4000-8000-000000000001", "clubs.club-founded", 2,
    datetime(2026, 3, 1, 8, 30, 0, 123456, UTC), "0b6c6f5e-0000-4000-8000-000000000002", "centre/state/VN/t-1",
    '{"name":"Hoà Bình"}', bytes(range(32)),
)  # fmt: skip


def test_an_event_comes_back_as_it_went() -> None:
    key, value, headers = to_kafka(EVENT)
    assert from_kafka(value, headers) == EVENT
    assert (key, value) == (STREAM.encode(), EVENT.data.encode())


def test_headers_are_those_of_cloudevents_in_binary_mode() -> None:
    headers = dict(to_kafka(EVENT)[2])
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": b"0b6c6f5e-0000-4000-8000-000000000001",
        "ce_source": b"clubs",
        "ce_type": b"clubs.club-founded",
        "ce_time": b"2026-03-01T08:30:00.123456Z",
        "ce_subject": b"club-5f1b",
        "ce_dataschema": b"urn:lien-the:clubs.club-founded:2",
        "content-type": b"application/json",
        "ce_lane": str(EVENT.lane).encode(),
        "ce_position": b"7",
        "ce_streamversion": b"3",
        "ce_schemaversion": b"2",
        "ce_actor": b"centre/state/VN/t-1",
        "ce_commandid": b"0b6c6f5e-0000-4000-8000-000000000002",
        "ce_hash": bytes(range(32)).hex().encode(),
    }


def test_other_headers_and_another_order_do_not_matter() -> None:
    _, value, headers = to_kafka(EVENT)
    assert from_kafka(value, [("traceparent", b"\xff"), ("x", None), *reversed(headers)]) == EVENT


NEEDED = [name for name, _ in to_kafka(EVENT)[2] if name not in {"content-type", "ce_dataschema"}]
MAY_BE_EMPTY = {"ce_id", "ce_type", "ce_actor", "ce_commandid", "ce_source", "ce_hash"}
DAMAGE = [
    (name, value)
    for name in NEEDED
    for value in (None, b"\xff\xfe", b"", "missing")
    if value != b"" or name not in MAY_BE_EMPTY
]


@pytest.mark.parametrize(("name", "value"), DAMAGE)
def test_a_missing_null_or_malformed_header_is_refused_with_a_reason(name: str, value: bytes | str | None) -> None:
    _, data, headers = to_kafka(EVENT)
    rest = [(key, was) for key, was in headers if key != name]
    with pytest.raises(Undecodable, match=r"\w"):
        from_kafka(data, rest if value == "missing" else [*rest, (name, value)])


@given(
    st.one_of(st.none(), st.binary(max_size=40)),
    st.lists(
        st.tuples(
            st.sampled_from([name for name, _ in to_kafka(EVENT)[2]]),
            st.one_of(st.none(), st.binary(max_size=12), st.text(max_size=12)),
        ),
        max_size=4,
    ),
)
def test_garbage_is_undecodable_and_nothing_else(value: bytes | None, garbage: list[tuple[str, str | bytes | None]]) -> None:
    """Any other exception would stop the reader. Seen to fail with `AttributeError` not caught."""
    try:
        from_kafka(value, [*to_kafka(EVENT)[2], *garbage])
    except Undecodable:
        return
