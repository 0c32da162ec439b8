"""Logs are JSON lines without secrets."""

import io
import json
import logging

import pytest

from shared.runtime.logging import configure, redact


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
