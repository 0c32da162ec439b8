"""The sentences for a process that does not start or a step that fails: what it said last, and where the rest is."""

from __future__ import annotations

import errno
import json
from pathlib import Path

from shared.kernel.errors import Refused


def step_failed(name: str, log: Path, words: str) -> Refused:
    """A step that runs to its end did not succeed."""
    said = last_sentence(words)
    return Refused(
        "step-failed", f"Bước '{name}' không thành công: {said} (xem {log})", f"The step '{name}' failed: {said} (see {log})"
    )


def did_not_start(name: str, log: Path) -> Refused:
    """A process ended, or does not answer."""
    said = last_sentence(_tail(log))
    return Refused(
        "process-did-not-start",
        f"'{name}' không khởi động được: {said} (xem {log})",
        f"'{name}' did not start: {said} (see {log})",
    )


def of_os(failure: OSError) -> Refused:
    """The operating system's own refusal, with what to do about the common ones."""
    match failure.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return Refused(
                "disk-full",
                f"Ổ đĩa đầy ({failure.filename or '?'}): dọn bớt hoặc chọn --data-dir khác.",
                f"The disk is full ({failure.filename or '?'}): free some space or choose another --data-dir.",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return Refused(
                "no-permission",
                f"Không có quyền ghi {failure.filename or '?'}: chọn --data-dir khác hoặc sửa quyền.",
                f"No permission to write {failure.filename or '?'}: choose another --data-dir or correct its rights.",
            )
        case errno.EADDRINUSE:
            return Refused(
                "port-taken",
                "Cổng mạng đang có chương trình khác dùng: chọn --port khác hoặc dừng chương trình đó.",
                "A port is used by another program: choose another --port or stop that program.",
            )
        case _:
            return Refused("system-refused", f"Hệ điều hành từ chối: {failure}.", f"The operating system refused: {failure}.")


def last_sentence(words: str) -> str:
    """The last error that a log tells of, else its last line; of a JSON line its message."""
    said = [_read(line.strip()) for line in words.splitlines() if line.strip()]
    errors = [message for level, message in said if level in ("error", "critical", "plain")]
    return (errors or [message for _, message in said] or ["-"])[-1]


def _read(line: str) -> tuple[str, str]:
    try:
        found = json.loads(line)
        return str(found["level"]), str(found["message"])
    except (ValueError, KeyError, TypeError):
        return "plain", line


def _tail(log: Path) -> str:
    try:
        return log.read_text("utf-8", "replace")[-4000:]
    except OSError:
        return ""
