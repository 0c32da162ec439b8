"""Trace ids follow from command ids; what callers send is read as W3C Trace Context says."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from shared.telemetry import context, ids
from shared.telemetry.ids import Point

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_the_trace_of_a_command_is_its_id_and_no_process_needs_to_be_told_it() -> None:
    command = str(uuid4())
    assert f"{ids.trace_of(command):032x}" == command.replace("-", "") == f"{ids.trace_of(command.upper()):032x}"
    assert ids.append_span(command) == ids.append_span(command.upper())


def test_each_hop_of_each_command_has_a_span_of_its_own() -> None:
    commands = [str(uuid4()) for _ in range(1000)]
    spans = {make(each) for each in commands for make in (ids.command_span, ids.append_span, ids.publish_span)}
    assert len(spans) == 3000
    assert all(0 < span < 1 << 64 for span in spans)


def test_the_nil_id_has_a_trace_that_the_standard_accepts() -> None:
    assert ids.trace_of(str(UUID(int=0))) == 1


def test_a_traceparent_comes_back_as_it_was_written() -> None:
    for sampled in (True, False):
        point = Point(int(TRACE, 16), int(SPAN, 16), sampled)
        assert point.traceparent() == f"00-{TRACE}-{SPAN}-0{int(sampled)}"
        assert ids.parse(point.traceparent()) == point


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f" 00-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-{'x' * 300}",
    ],
)
def test_what_the_standard_refuses_counts_as_no_caller(wrong: str | None) -> None:
    assert ids.parse(wrong) is None


def test_a_later_version_of_the_standard_is_read_as_far_as_it_is_known() -> None:
    assert ids.parse(f"cc-{TRACE}-{SPAN}-01-what-the-future-brings") == Point(int(TRACE, 16), int(SPAN, 16))


def test_a_request_is_in_the_callers_trace_until_it_is_about_one_command() -> None:
    command = str(uuid4())
    with context.serving(f"00-{TRACE}-{SPAN}-01") as call:
        assert call.trace_id == TRACE
        span = call.here.span
        context.serves(command)
        assert (call.trace_id, call.here.span) == (command.replace("-", ""), span)
        assert call.caller == Point(int(TRACE, 16), int(SPAN, 16))
    assert context.current() is None
