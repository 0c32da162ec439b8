"""Loading through the batch door: in order, in batches, patient with a service that restarts, and the same after a break."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.kernel.errors import Refused
from shared.kernel.lanes import lane_of
from shared.local import batches
from shared.local.batches import AT_ONCE, Door
from shared.local.demo.entries import Entry, Parameters
from shared.local.demo.generator import History, generate
from shared.local.demo.loader import _batches, _shares
from shared.local.demo.parameters import FILE, parameters_of
from shared.reference.book import load

Answer = Callable[[httpx.Request], httpx.Response]


def door(answer: Answer) -> Door:
    return Door(httpx.AsyncClient(base_url="http://front", transport=httpx.MockTransport(answer)))


def command(number: int) -> str:
    return json.dumps({"id": f"c{number}", "type": "a.b", "data": {}})


def accept(request: httpx.Request) -> httpx.Response:
    """A server that records everything in lane 3, one position a command."""
    commands: list[dict[str, Any]] = json.loads(request.content)["commands"]
    result = {"source": "clubs", "lane": 3, "repeated": False, "events": [{"id": "e", "type": "a.c"}]}
    answers = [{"id": c["id"], "status": 201, "result": {**result, "position": int(c["id"][1:]) + 1}} for c in commands]
    return httpx.Response(200, json={"answers": answers})


async def test_commands_go_in_their_order_at_most_500_at_a_time():
    seen: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append([c["id"] for c in json.loads(request.content)["commands"]])
        return accept(request)

    tally = await door(answer).send([command(number) for number in range(1201)])
    assert [len(batch) for batch in seen] == [500, 500, 201]
    assert [id for batch in seen for id in batch] == [f"c{number}" for number in range(1201)]
    assert (tally.recorded, tally.repeated, tally.refused, tally.heads) == (1201, 0, [], {("clubs", 3): 1201})


async def test_a_command_that_changed_nothing_was_known_already():
    def answer(_: httpx.Request) -> httpx.Response:
        result = {"source": "clubs", "lane": 1, "position": 9, "repeated": False, "events": []}
        return httpx.Response(200, json={"answers": [{"id": "c0", "status": 201, "result": result}]})

    tally = await door(answer).send([command(0)])
    assert (tally.recorded, tally.repeated) == (0, 1)


async def test_what_was_known_already_and_what_is_refused_are_counted_apart():
    def answer(_: httpx.Request) -> httpx.Response:
        problem = {"slug": "club-dissolved", "detail": "đã giải thể", "detail_en": "dissolved"}
        result = {"source": "clubs", "lane": 1, "position": 9, "repeated": True}
        answers = [{"id": "c0", "status": 200, "result": result}, {"id": "c1", "status": 409, "problem": problem}]
        return httpx.Response(200, json={"answers": answers})

    tally = await door(answer).send([command(0), command(1)])
    assert (tally.recorded, tally.repeated) == (0, 1)
    assert [(refusal.id, refusal.slug) for refusal in tally.refused] == [("c1", "club-dissolved")]


async def test_a_service_that_restarts_is_asked_again():
    tries: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        if len(tries) == 1:
            raise httpx.ConnectError("refused")
        return httpx.Response(503, json={}) if len(tries) == 2 else accept(request)

    assert (await door(answer).send([command(0)])).recorded == 1
    assert len(tries) == 3


async def test_a_token_that_is_refused_is_not_tried_again():
    tries: list[int] = []

    def answer(_: httpx.Request) -> httpx.Response:
        tries.append(1)
        return httpx.Response(401, json={"slug": "token-unknown", "detail": "sai", "detail_en": "wrong"})

    with pytest.raises(Refused) as refusal:
        await door(answer).send([command(0)])
    assert (refusal.value.slug, refusal.value.status, len(tries)) == ("token-unknown", 401, 1)


async def test_a_front_that_never_answers_is_named_and_sending_again_is_called_safe(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batches, "PATIENCE", 0.0)

    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(Refused) as refusal:
        await door(answer).send([command(0)])
    assert refusal.value.slug == "no-answer"
    assert "an toàn" in refusal.value.vi


@pytest.fixture(scope="module")
def history() -> History:
    return generate(Parameters(date(2026, 10, 31), scale=0.02), load())


def by_stream(entries: Sequence[Entry]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        found[entry.stream].append(entry.id)
    return found


def test_each_share_of_a_service_keeps_the_order_of_its_lanes_and_nothing_is_lost(history: History):
    entries = history.by_service["clubs"]
    shares = list(_shares(entries, 2))
    assert sorted(entry.id for share in shares for entry in share) == sorted(entry.id for entry in entries)
    assert not {lane_of(entry.stream) for entry in shares[0]} & {lane_of(entry.stream) for entry in shares[1]}
    for share in shares:
        instants = [entry.recorded_at for entry in share]
        assert instants == sorted(instants)


def test_a_batch_is_of_one_side_and_batches_keep_the_order(history: History):
    entries = history.by_service["trainings"]
    made = list(_batches(entries))
    assert all({entry.side for entry in batch} == {side} for side, batch in made)
    assert all(0 < len(batch) <= AT_ONCE for _, batch in made)
    assert [entry.id for _, batch in made for entry in batch] == [entry.id for entry in entries]
    assert {side for side, _ in made} == {"state", "association"}


def test_a_stream_begins_with_the_command_that_gives_it_its_id(history: History):
    for entries in history.by_service.values():
        for stream, ids in by_stream(entries).items():
            assert stream.partition("-")[2] == ids[0]


def test_a_directory_keeps_its_history_a_month_later(tmp_path: Path):
    first = parameters_of(tmp_path, date(2026, 11, 25), scale=0.1)
    assert parameters_of(tmp_path, date(2026, 12, 25)) == first
    assert first.until == date(2026, 10, 31)
    assert (tmp_path / FILE).exists()


def test_a_directory_refuses_another_scale(tmp_path: Path):
    parameters_of(tmp_path, date(2026, 11, 25), scale=0.1)
    with pytest.raises(Refused) as refusal:
        parameters_of(tmp_path, date(2026, 11, 25), scale=0.2)
    assert refusal.value.slug == "another-scale"
