"""Logs are JSON lines without secrets."""

import asyncio
import io
import json
import logging

import pytest

from shared.runtime.logging import configure, redact
from shared.telemetry import context


@pytest.fixture
def lines():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("clubs", "serve", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_a_log_line_is_one_json_object_with_its_extra_fields(lines):
    logging.getLogger("x").info("câu lạc bộ %s", "Đông Sơn", extra={"lane": 7})
    line = json.loads(lines.getvalue())
    assert (line["service"], line["role"], line["level"], line["message"], line["lane"]) == (
        "clubs",
        "serve",
        "info",
        "câu lạc bộ Đông Sơn",
        7,
    )


def test_an_exception_stays_on_its_line(lines):
    try:
        raise ValueError("postgresql://u:geheim@h/d")
    except ValueError:
        logging.getLogger("x").exception("failed")
    (line,) = lines.getvalue().splitlines()
    assert "ValueError" in json.loads(line)["exception"]
    assert "geheim" not in line


@pytest.mark.parametrize(
    "text",
    ["postgresql://clubs:geheim@127.0.0.1/x", "Authorization: Bearer geheim", '{"password": "geheim"}', "token=geheim"],
)
def test_secrets_are_left_out(text):
    assert "geheim" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "no such token: lt_geheim-abcdefgh",
        "POST /dang-nhap/geheimgeheimgeheimgeheimgeheimge failed",
        "Cookie: __Host-session=geheim; visit=geheim",
        "{'cookie': 'session=geheim', 'x': 1}",
        "headers (b'authorization', b'Bearer geheim')",
        "csrf=geheim&next=/",
        "'access_token': 'geheim'",
        "name\n  Input should be a valid string [type=string_type, input_value={'ten': 'geheim'}, input_type=dict]",
        "duplicate key value\nDETAIL:  Key (name)=(geheim) already exists.",
    ],
)
def test_what_a_person_sent_or_holds_is_left_out(text):
    assert "geheim" not in redact(text)
    assert "geheim" not in redact(json.dumps({"message": text}))


def test_a_line_about_a_request_names_its_trace_and_command_and_one_about_none_names_nothing(lines):
    log = logging.getLogger("x")
    log.info("before")
    with context.serving("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        log.info("about the caller's trace")
        context.serves("ed26585d-c6ac-4d42-8f69-f7a9c9cb40b1")
        log.info("about a command")
    log.info("after")
    before, caller, command, after = map(json.loads, lines.getvalue().splitlines())
    assert not {"trace_id", "command_id"} & (before.keys() | after.keys())
    assert (caller["trace_id"], "command_id" in caller) == ("0af7651916cd43dd8448eb211c80319c", False)
    assert (command["trace_id"], command["command_id"]) == (
        "ed26585dc6ac4d428f69f7a9c9cb40b1",
        "ed26585d-c6ac-4d42-8f69-f7a9c9cb40b1",
    )


async def test_requests_that_are_served_at_once_do_not_write_under_each_others_trace(lines):
    async def serve(number):
        with context.serving(f"00-{number:032x}-b7ad6b7169203331-01"):
            await asyncio.sleep(0)
            logging.getLogger("x").info("request %d", number)

    await asyncio.gather(*(serve(number) for number in range(1, 30)))
    found = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert len(found) == 29
    assert all(line["message"] == f"request {int(line['trace_id'], 16)}" for line in found)
