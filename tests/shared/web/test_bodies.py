"""The reading of bodies by itself: what passes, what it costs, and inputs made to be slow."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from services.clubs.domain import ClubCommand
from shared.kernel.command import command_types
from shared.kernel.errors import Refused
from shared.kernel.place import NATION
from shared.kernel.principal import Principal
from shared.web.body import DEPTH, compact, parse
from shared.web.commands import batch_of
from shared.web.envelope import batch_request


def slug_of(raw: bytes) -> str:
    with pytest.raises(Refused) as caught:
        parse(raw)
    return caught.value.slug


def test_an_escaped_backslash_before_u0000_is_plain_text() -> None:
    assert parse(rb'"\\u0000"') == r"\u0000"
    assert slug_of(rb'"\\\u0000"') == "nul-character"


def test_brackets_inside_texts_are_not_nesting() -> None:
    assert parse(b'["' + b"[{" * 100 + b'"]') == ["[{" * 100]
    assert parse(rb'["\"' + b"[{" * 100 + b'"]') == ['"' + "[{" * 100]


@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_the_limit_of_nesting_is_exact(left: str, right: str) -> None:
    assert parse((left * DEPTH + "1" + right * DEPTH).encode())
    assert slug_of((left * (DEPTH + 1) + "1" + right * (DEPTH + 1)).encode()) == "nested-too-deeply"


def test_the_same_key_in_two_objects_is_fine_and_in_one_is_not() -> None:
    assert parse(b'[{"a":1},{"a":2}]') == [{"a": 1}, {"a": 2}]
    assert slug_of(b'{"a":{"b":1,"b":1}}') == "key-named-twice"
    assert slug_of(rb'{"a":1,"\u0061":2}') == "key-named-twice"


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse(rb'"\ud83d\ude00"') == "\U0001f600"


def test_an_integer_of_more_than_64_bits_keeps_its_digits() -> None:
    assert compact(parse(b"123456789012345678901234567890")) == b"123456789012345678901234567890"


@pytest.mark.parametrize(
    "raw",
    [b'"' + rb"\"" * 500_000, b"[" * 1_000_000, b'{"a":' * 200_000, b'"' + b"\\" * 999_999, b"[1," * 300_000, b'{"' * 400_000],
    ids=["escaped quotes", "brackets", "objects", "backslashes", "open lists", "keys"],
)
def test_a_megabyte_made_to_be_slow_is_refused_at_once(raw: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Refused):
        parse(raw)
    assert time.process_time() - began < 1.0


def test_a_full_batch_is_read_and_checked_in_little_time() -> None:
    """15 ms on an idle core; the limit here leaves room for a busy one."""
    data: dict[str, Any] = {"as_of": "2024-06-30", "basis": "counted", "total": 70, "women": 50, "aged_60_plus": 49}
    commands = [
        {"id": f"báo cáo {n}", "type": "clubs.report-members", "data": {**data, "club": f"club-{n}", "poor": n % 20}}
        for n in range(500)
    ]
    raw = orjson.dumps({"commands": commands})
    principal = Principal("t-test", "centre", NATION, "association")
    types = command_types(ClubCommand)

    def once() -> float:
        began = time.process_time()
        items, _ = batch_of(parse(raw))
        requests = [batch_request(types, item, None, place, principal) for place, item in enumerate(items)]
        assert len(requests) == 500
        return time.process_time() - began

    assert min(once() for _ in range(7)) < 0.045
