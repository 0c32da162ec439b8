"""CloudEvents 1.0 in binary mode, there and back; garbage is refused in one way only; a record's own bytes give its hash."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.eventlog.chain import link
from shared.kafka.headers import RawHeaders, from_kafka, link_of, to_kafka
from shared.kernel.envelope import Recorded
from shared.kernel.event import Undecodable
from shared.kernel.lanes import lane_of

STREAM = "club-5f1b"
EVENT = Recorded(
    "clubs", lane_of(STREAM), 7, STREAM, 3, "0b6c6f5e-0000-4000-8000-000000000001", "clubs.club-founded", 2,
    datetime(2026, 3, 1, 8, 30, 0, 123456, UTC), "0b6c6f5e-0000-4000-8000-000000000002", "centre/state/VN/t-1",
    '{"name":"Hoà Bình"}', bytes(range(32)), bytes(range(32, 64)), '{"deployment":"38"}',
)  # fmt: skip


def test_an_event_comes_back_as_it_went() -> None:
    key, value, headers = to_kafka(EVENT, "vn")
    assert from_kafka(value, headers) == EVENT
    assert (key, value) == (STREAM.encode(), EVENT.data.encode())


def test_headers_are_those_of_cloudevents_in_binary_mode() -> None:
    headers = dict(to_kafka(EVENT, "vn")[2])
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": b"0b6c6f5e-0000-4000-8000-000000000001",
        "ce_format": b"lien-the-2",
        "ce_source": b"/vn/clubs",
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
        "ce_fingerprint": bytes(range(32, 64)).hex().encode(),
        "ce_origin": b'{"deployment":"38"}',
        "ce_hash": bytes(range(32)).hex().encode(),
    }


def test_other_headers_and_another_order_do_not_matter() -> None:
    _, value, headers = to_kafka(EVENT, "vn")
    assert from_kafka(value, [("traceparent", b"\xff"), ("x", None), *reversed(headers)]) == EVENT


NEEDED = [name for name, _ in to_kafka(EVENT, "vn")[2] if name not in {"content-type", "ce_dataschema"}]
MAY_BE_EMPTY = {"ce_id", "ce_type", "ce_actor", "ce_commandid", "ce_hash", "ce_fingerprint", "ce_origin"}
DAMAGE = [
    (name, value)
    for name in NEEDED
    for value in (None, b"\xff\xfe", b"", "missing")
    if value != b"" or name not in MAY_BE_EMPTY
]


@pytest.mark.parametrize(("name", "value"), DAMAGE)
def test_a_missing_null_or_malformed_header_is_refused_with_a_reason(name: str, value: bytes | str | None) -> None:
    _, data, headers = to_kafka(EVENT, "vn")
    rest = [(key, was) for key, was in headers if key != name]
    with pytest.raises(Undecodable, match=r"\w"):
        from_kafka(data, rest if value == "missing" else [*rest, (name, value)])


@given(
    st.one_of(st.none(), st.binary(max_size=40)),
    st.lists(
        st.tuples(
            st.sampled_from([name for name, _ in to_kafka(EVENT, "vn")[2]]),
            st.one_of(st.none(), st.binary(max_size=12), st.text(max_size=12)),
        ),
        max_size=4,
    ),
)
def test_garbage_is_undecodable_and_nothing_else(value: bytes | None, garbage: list[tuple[str, str | bytes | None]]) -> None:
    """Any other exception would stop the reader. Seen to fail with `AttributeError` not caught."""
    try:
        from_kafka(value, [*to_kafka(EVENT, "vn")[2], *garbage])
    except Undecodable:
        return


@pytest.mark.parametrize("source", [b"clubs", b"/clubs", b"/vn/clubs/x", b"/VN/clubs", b"/vn/", b"//clubs", b"vn/clubs"])
def test_a_source_that_does_not_name_deployment_and_service_is_refused(source: bytes) -> None:
    _, value, headers = to_kafka(EVENT, "vn")
    with pytest.raises(Undecodable, match="ce_source"):
        from_kafka(value, [*headers, ("ce_source", source)])


def test_another_format_is_refused() -> None:
    """A reader of this format must not believe what it may read wrongly."""
    _, value, headers = to_kafka(EVENT, "vn")
    with pytest.raises(Undecodable, match="lien-the-2"):
        from_kafka(value, [*headers, ("ce_format", b"lien-the-3")])


HASHED = (
    "ce_format", "ce_source", "ce_lane", "ce_position", "ce_subject", "ce_streamversion", "ce_id", "ce_type",
    "ce_schemaversion", "ce_time", "ce_commandid", "ce_fingerprint", "ce_actor", "ce_origin",
)  # fmt: skip


def test_a_records_own_bytes_give_the_hash_that_the_log_gave_it() -> None:
    """Written out here: the lines of the headers, then the value. Seen to fail with two headers exchanged."""
    _, value, headers = to_kafka(EVENT, "38")
    before, found = bytes(range(1, 33)), dict(headers)
    expected = sha256(before + b"\n".join([found[name] for name in HASHED] + [value])).digest()
    assert link_of(before, value, dict[str, str | bytes | None](headers)) == expected == link(before, EVENT, "38")
    as_text: RawHeaders = [(name, text.decode()) for name, text in headers]
    assert link_of(before, value, dict(as_text)) == expected


@pytest.mark.parametrize("name", HASHED)
def test_a_change_of_any_header_that_says_something_of_the_event_changes_its_hash(name: str) -> None:
    _, value, headers = to_kafka(EVENT, "vn")
    found: dict[str, str | bytes | None] = dict(headers)
    before = link_of(bytes(32), value, found)
    assert link_of(bytes(32), value, {**found, name: b"x" + dict(headers)[name]}) != before
    for gone in ({**found, name: None}, {key: text for key, text in found.items() if key != name}):
        with pytest.raises(Undecodable):
            link_of(bytes(32), value, gone)


def test_the_hash_is_bound_to_the_record_before_and_to_the_value() -> None:
    _, value, headers = to_kafka(EVENT, "vn")
    found: dict[str, str | bytes | None] = dict(headers)
    assert len({link_of(bytes(32), value, found), link_of(bytes(31) + b"1", value, found), link_of(bytes(32), b"", found)}) == 3
    with pytest.raises(Undecodable, match="tombstone"):
        link_of(bytes(32), None, found)


def test_a_header_with_a_line_break_is_refused_since_another_event_has_the_same_bytes() -> None:
    """Where the data hold a line break, every field can be moved by a line, and the hash stays. Seen to fail without."""
    true = replace(EVENT, data="{\n}")
    forged = {**dict(to_kafka(EVENT, "vn")[2]), "ce_origin": b"{", "ce_actor": f"{EVENT.actor}\n{EVENT.origin}".encode()}
    lines = b"\n".join([forged[name] for name in HASHED] + [b"}"])
    assert sha256(bytes(32) + lines).digest() == link(bytes(32), true, "vn")
    for headers in (dict[str, str | bytes | None](forged), {name: text.decode() for name, text in forged.items()}):
        with pytest.raises(Undecodable, match="line break"):
            link_of(bytes(32), b"}", headers)
