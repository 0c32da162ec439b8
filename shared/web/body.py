"""Reading a JSON body that may be hostile: strict bytes in, plain values out, or one refusal that says what is wrong.

Refuses before anything is interpreted: bytes that are not UTF-8, NUL characters, lone surrogates, NaN, infinities and
numbers that overflow to them, nesting deeper than 24, an object that names a key twice. Answers each with a slug and a
sentence and never repeats what was sent. A batch of 500 commands takes a few milliseconds.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import orjson
from fastapi import Request

from shared.kernel.errors import Refused

DEPTH = 24

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SIMPLE_STRING = re.compile(rb'"[^"]*"')
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_NO_STRUCTURE = bytes(set(range(256)) - set(b'"[]{}'))
_ONE_KIND = bytes.maketrans(b"[]", b"{}")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_NUMBER = re.compile(r"Infinity|NaN", re.ASCII)


async def json_body(request: Request) -> Any:
    """The request's JSON. May raise `Refused`: `wrong-content-type` (415) and what `parse` raises."""
    require_json(request.headers.get("content-type"))
    return parse(await request.body())


def require_json(content_type: str | None) -> None:
    """`application/json`, in UTF-8 if a charset is named at all; else `wrong-content-type`."""
    kind, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    if kind != "application/json" or any(
        p not in {"charset=utf-8", 'charset="utf-8"', "charset=utf8"} for p in parameters if p
    ):
        raise Refused(
            "wrong-content-type",
            "Hãy gửi `Content-Type: application/json` (UTF-8).",
            "Send `Content-Type: application/json` (UTF-8).",
            status=415,
        )


def parse(raw: bytes) -> Any:
    """The value of a JSON text. May raise `Refused` (400) with the slug of the first thing that is wrong."""
    if not raw.strip():
        raise _bad("body-empty", "Nội dung trống.", "The body is empty.")
    if b"\x00" in raw or (b"\\u0000" in raw and _NUL.search(raw)):
        raise nul_refused()
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _unreadable(raw, error) from None
    _require_shallow(raw)
    try:
        return json.loads(raw, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        raise _bad("not-json", "Nội dung không phải JSON.", "The body is not JSON.") from None


def written(value: Any) -> bytes:
    """The value as compact JSON, whatever its integers: what came in as JSON goes on as JSON, for its receiver to refuse."""
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def compact(value: Any) -> bytes:
    """The value as compact JSON with its text in Unicode form NFC, so that one Vietnamese name has one spelling."""
    raw = written(value)
    if raw.isascii():
        return raw
    text = raw.decode()
    return raw if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text).encode()


def nul_refused() -> Refused:
    """The refusal of a NUL character, which no text of ours can hold."""
    return _bad("nul-character", "Văn bản có ký tự NUL; hãy bỏ nó.", "The text has a NUL character; remove it.")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _bad(
            "key-named-twice",
            "Một trường được ghi hai lần trong cùng một đối tượng; hãy bỏ một.",
            "A field is named twice in one object; remove one.",
        )
    return found


def _require_shallow(raw: bytes) -> None:
    """Take the innermost pairs of brackets away, level by level; what is left after `DEPTH` rounds is too deep.

    `raw` is known to be JSON, so that every string ends and every bracket has its partner.
    """
    if raw.count(b"[") + raw.count(b"{") <= DEPTH:
        return
    outside = _STRING.sub(b"", raw) if b"\\" in raw else _SIMPLE_STRING.sub(b"", raw.translate(None, _NO_STRUCTURE))
    left = outside.translate(_ONE_KIND, _NO_BRACKET)
    for _ in range(DEPTH):
        if not left:
            return
        left = left.replace(b"{}", b"")
    if left:
        raise _too_deep()


def _unreadable(raw: bytes, error: orjson.JSONDecodeError) -> Refused:
    """Which of the known ways of being wrong this is."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _bad("not-utf-8", "Nội dung không phải UTF-8.", "The body is not UTF-8.")
    why = error.msg
    if "surrogate" in why:
        return _bad(
            "lone-surrogate",
            "Văn bản có nửa cặp thay thế Unicode; hãy bỏ nó.",
            "The text has a lone surrogate, which is no character; remove it.",
        )
    if "depth" in why or "ecursion" in why:
        return _too_deep()
    if "infinity" in why or _NUMBER.match(text[error.pos : error.pos + 8].lstrip("-")):
        return _bad(
            "number-not-finite",
            "Có một số không hữu hạn (NaN, Infinity, 1e400); hãy ghi số thật.",
            "A number is not finite (NaN, Infinity, 1e400); write a real number.",
        )
    return _bad(
        "not-json",
        f"Nội dung không phải JSON: sai ở dòng {error.lineno}, cột {error.colno}.",
        f"The body is not JSON: line {error.lineno}, column {error.colno}.",
    )


def _too_deep() -> Refused:
    return _bad(
        "nested-too-deeply",
        f"JSON lồng nhau quá {DEPTH} tầng.",
        f"The JSON is nested more than {DEPTH} levels deep.",
    )


def _bad(slug: str, vi: str, en: str) -> Refused:
    return Refused(slug, vi, en, status=400)
