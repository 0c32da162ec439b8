"""Signed checkpoints as a file: what a line that was altered, removed or signed by another key looks like."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shared.eventlog.checkpoints import BadCheckpoint, Checkpoint, append_line, last_of, numbered, read_file, read_line
from shared.eventlog.marks import marks_of
from shared.eventlog.signing import SigningKey, load_key, load_public, make_key, public_path
from shared.kafka.independent import read_topic
from shared.kernel.errors import Refused
from shared.relay.signer import Rewritten, Signer, checkpoint_file, make_checkpoint, mirror
from shared.testing.folding import IDENTITY
from tests.shared.flow import Place, running, streams_of_one_lane, until
from tests.shared.verification import tampering as t

T0 = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return make_key(tmp_path / "keys" / "a.key")


def three(key: SigningKey) -> list[str]:
    lines: list[str] = []
    previous = bytes(32)
    for n in range(1, 4):
        heads = tuple((n, bytes([n]) * 32) if lane == 7 else (0, IDENTITY.genesis(lane)) for lane in range(64))
        checkpoint = Checkpoint("toy", IDENTITY, T0 + timedelta(minutes=n), heads, previous)
        previous = checkpoint.hash
        lines.append(checkpoint.line(key))
    return lines


def test_a_line_is_verified_by_anybody_with_the_public_key_and_three_lines_of_code(key: SigningKey, tmp_path: Path) -> None:
    """The format is public: canonical JSON after one fixed line, Ed25519. Nothing of ours reads it here."""
    found = json.loads(three(key)[0])
    content = json.dumps(found["checkpoint"], sort_keys=True, separators=(",", ":")).encode()
    public: Any = load_pem_public_key((tmp_path / "keys" / "a.key.pub").read_bytes())
    public.verify(bytes.fromhex(found["signature"]), b"lien-the checkpoint 2\n" + content)
    with pytest.raises(InvalidSignature):
        public.verify(bytes.fromhex(found["signature"]), content)
    second = json.loads(three(key)[1])["checkpoint"]
    assert second["previous"] == sha256(b"lien-the checkpoint 2\n" + content).hexdigest()


def test_lines_that_are_whole_are_read_in_order(key: SigningKey) -> None:
    marks = marks_of(numbered(three(key), key.public, "toy"))
    assert [(position, digest[0]) for position, digest, _ in marks.of(7)] == [(1, 1), (2, 2), (3, 3)]
    assert (marks.missing_lines, marks.contradictions, marks.of(8)) == ([], [], [])
    assert list(numbered(three(key), key.public, "another log")) == []


@pytest.mark.parametrize("edit", ["position", "hash", "time", "source", "deployment", "log", "previous", "signature"])
def test_a_line_that_was_altered_anywhere_is_not_signed(key: SigningKey, edit: str) -> None:
    line = json.loads(three(key)[1])
    match edit:
        case "position":
            line["checkpoint"]["heads"][7][0] = 9
        case "hash":
            line["checkpoint"]["heads"][7][1] = "ab" * 32
        case "time":
            line["checkpoint"]["time"] = T0.isoformat()
        case "source":
            line["checkpoint"]["source"] = "clubs"
        case "deployment":
            line["checkpoint"]["deployment"] = "38"
        case "log":
            line["checkpoint"]["log"] = "5eed5eed-0000-4000-8000-000000000001"
        case "previous":
            line["checkpoint"]["previous"] = "00" * 32
        case _:
            line["signature"] = "00" * 64
    with pytest.raises(BadCheckpoint, match="not signed"):
        read_line(json.dumps(line), key.public)


def test_a_line_signed_by_another_key_is_not_taken(key: SigningKey, tmp_path: Path) -> None:
    other = make_key(tmp_path / "keys" / "other.key")
    with pytest.raises(BadCheckpoint, match=f"not signed by the key {key.public.name}"):
        read_line(three(other)[0], key.public)


@pytest.mark.parametrize(
    "line", ["", "null", "{}", "[1]", '{"checkpoint": {"format": 1}}', '{"checkpoint": 3}', '{"checkpoint": {"format": 2}}']
)
def test_what_is_no_checkpoint_is_said_to_be_none(key: SigningKey, line: str) -> None:
    with pytest.raises(BadCheckpoint):
        read_line(line, key.public)


def test_a_line_that_is_missing_between_two_is_noticed(key: SigningKey) -> None:
    first, _, third = three(key)
    marks = marks_of(numbered([first, third], key.public, "toy"))
    assert marks.missing_lines == ["2: 2026-01-01T00:01:00+00:00 .. 2026-01-01T00:03:00+00:00"]


def test_a_file_only_grows_and_its_last_line_is_found_without_reading_it_all(key: SigningKey, tmp_path: Path) -> None:
    file = tmp_path / "checkpoints" / "toy.jsonl"
    assert last_of(file) is None
    lines = three(key) * 20
    for line in lines:
        append_line(file, line)
    assert [line.rstrip("\n") for line in read_file(file)] == lines
    last = last_of(file)
    assert last is not None
    assert last.time == T0 + timedelta(minutes=3)


def test_a_key_is_its_owners_alone_and_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a.key"
    made = make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_key(path).public.name == made.public.name == load_public(public_path(path)).name
    with pytest.raises(FileExistsError):
        make_key(path)
    path.chmod(0o640)
    with pytest.raises(Refused, match="signing-key-open"):
        load_key(path)


@pytest.mark.parametrize("content", [b"", b"x", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Refused, match="signing-key"):
        load_key(path)
    with pytest.raises(Refused, match="public-key"):
        load_public(path)


async def test_the_same_heads_are_signed_once_and_each_checkpoint_names_the_one_before(
    place: Place, key: SigningKey, tmp_path: Path
) -> None:
    file = checkpoint_file(tmp_path, place.source)
    await place.put("purse-1", 1)
    one = await make_checkpoint(place.pool, place.source, key, file)
    assert await make_checkpoint(place.pool, place.source, key, file) is None
    await place.put("purse-1", 1, expected=1)
    two = await make_checkpoint(place.pool, place.source, key, file)
    assert one is not None
    assert two is not None
    assert (one.events, two.events, one.previous, two.previous) == (1, 2, bytes(32), one.hash)
    assert [checkpoint for _, checkpoint in numbered(read_file(file), key.public, place.source)] == [one, two]


@pytest.mark.parametrize("statements", [t.CHANGED, t.TAIL_CUT, t.SWAPPED])
async def test_I11_the_signer_signs_nothing_more_after_a_log_was_rewritten(
    place: Place, postgres: Any, key: SigningKey, tmp_path: Path, statements: list[str]
) -> None:
    """Seen to fail without the look at the last checkpoint: it signed the rewritten log."""
    one, two = streams_of_one_lane(2)
    for n in range(3):
        await place.put(one, n, expected=n)
        await place.put(two, n, expected=n)
    file = checkpoint_file(tmp_path, place.source)
    assert await make_checkpoint(place.pool, place.source, key, file)
    await t.tamper(place, postgres, (await place.stored())[0].lane, statements, rechain=True)
    with pytest.raises(Rewritten, match="no longer holds what was signed"):
        await make_checkpoint(place.pool, place.source, key, file)
    assert len(list(read_file(file))) == 1


async def test_the_signer_publishes_what_it_signs_and_later_what_a_broker_missed(
    flow: Place, key: SigningKey, tmp_path: Path
) -> None:
    file = checkpoint_file(tmp_path, flow.source)
    for n in range(3):
        await flow.put("purse-1", n, expected=n)
        assert await make_checkpoint(flow.pool, flow.source, key, file)
    signer = Signer(flow.pool, flow.source, flow.bootstrap, key, tmp_path, seconds=0.2)
    async with running(signer):
        await until(lambda: published(flow) == [line.strip() for line in read_file(file)])
        await flow.put("purse-1", 3, expected=3)
        await until(lambda: len(published(flow)) == 4)
        await until(lambda: signer.status().events == 4)
    assert signer.status().failure is None
    assert published(flow) == [line.strip() for line in read_file(file)]
    assert await mirror(flow.source, file, flow.bootstrap) == 0


def published(flow: Place) -> list[str]:
    batches = read_topic(flow.bootstrap, f"{flow.source}.checkpoints")
    return [(record.value or b"").decode() for batch in batches for record in batch]
