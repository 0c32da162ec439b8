"""Logs of a process on stderr: one JSON object a line, or a readable line on a terminal.

Guarantees that passwords in URLs, tokens, cookies, sign-in codes and secrets by name never reach the log, nor what a caller
sent (the input in a validation failure, the values in a failure of Postgres); and that a line about a request has its trace
id and the id of its command. Refuses nothing; a value that JSON does not know is written as its text.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from shared.telemetry.context import current

_SECRETS = (
    (re.compile(r"(://[^\s:/@]*):[^\s@/]+@"), r"\1:***@"),
    (re.compile(r"(?i)\b(bearer)\s+[\w.~+/=-]+"), r"\1 ***"),
    (re.compile(r"(?i)\b(authorization|cookie)(\W{0,6}\s*[=:,]\s*\W{0,4})[^\s\",})]+([ ;][^\s\",})]+)*"), r"\1\2***"),
    (re.compile(r"(?i)(password|token|secret|csrf)(\\?[\"']?\s*[=:]\s*\\?[\"']?)[^\s\"',}\\]+"), r"\1\2***"),
    (re.compile(r"\blt_[\w-]+"), "lt_***"),
    (re.compile(r"(/dang-nhap/)[^\s\"?#]+"), r"\1***"),
    (re.compile(r"(input_value=).*?(, input_type=)", re.DOTALL), r"\1***\2"),
    (re.compile(r"(DETAIL:\s+).*?(?=\\n|\n|\"|$)"), r"\1***"),
)
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def configure(service: str, role: str, *, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send the logs of this process to `stream` (stderr). May be called again; the last call counts."""
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(_Human() if target.isatty() else _Json(service, role))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for noisy in ("httpx", "httpcore", "kafka", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def redact(text: str) -> str:
    """The text without what must not be read: passwords, tokens, secrets."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _about() -> dict[str, str]:
    """The request that is being served, if the line is about one."""
    call = current()
    if call is None:
        return {}
    about = {"trace_id": call.trace_id}
    if call.command_id is not None:
        about["command_id"] = call.command_id
    return about


class _Json(logging.Formatter):
    def __init__(self, service: str, role: str) -> None:
        super().__init__()
        self._fixed = {"service": service, "role": role}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self._fixed,
            "logger": record.name,
            "message": record.getMessage(),
            **_about(),
        }
        line.update({name: value for name, value in vars(record).items() if name not in _ORDINARY})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, ensure_ascii=False, default=str))


class _Human(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
