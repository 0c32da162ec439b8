"""What pydantic finds wrong with a field, as a slug and one sentence in Vietnamese and in English.

Only limits that we set ourselves are quoted (the least count, the form of a code). What the caller sent never is: it may be
huge, or text that does harm where it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from shared.kernel.numbers import dotted

Sentence = tuple[str, str, str]

_PATH_LENGTH = 120
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_PLAIN: dict[str, Sentence] = {
    "missing": ("field-missing", "Thiếu trường này.", "This field is missing."),
    "extra_forbidden": (
        "unknown-field",
        "Không có trường này; hãy kiểm tra tên trường.",
        "There is no such field; check its name.",
    ),
    "int": ("not-a-whole-number", "Phải là số nguyên, không để trong ngoặc kép.", "Must be a whole number, without quotes."),
    "finite": ("number-not-finite", "Phải là một số hữu hạn.", "Must be a finite number."),
    "number": ("not-a-number", "Phải là một số.", "Must be a number."),
    "string": ("not-a-text", "Phải là văn bản.", "Must be a text."),
    "bool": ("not-true-or-false", "Phải là true hoặc false.", "Must be true or false."),
    "date": ("not-a-date", "Phải là một ngày có thật, dạng 2025-07-01.", "Must be a day that exists, such as 2025-07-01."),
    "datetime": (
        "not-an-instant",
        "Phải là thời điểm kèm múi giờ, dạng 2025-07-01T08:00:00Z.",
        "Must be an instant with its time zone, such as 2025-07-01T08:00:00Z.",
    ),
    "list": ("not-a-list", "Phải là một danh sách.", "Must be a list."),
    "object": ("not-an-object", "Phải là một đối tượng {...}.", "Must be an object {...}."),
    "digits": ("too-many-digits", "Số này có quá nhiều chữ số.", "This number has too many digits."),
    "json": ("not-json", "Nội dung không phải JSON.", "The body is not JSON."),
    "unicode": ("not-text", "Văn bản có ký tự không hợp lệ.", "The text has characters that are not text."),
    "other": ("wrong-value", "Giá trị này không dùng được.", "This value cannot be used."),
}

_KINDS: dict[str, str] = {
    "missing": "missing",
    "missing_argument": "missing",
    "extra_forbidden": "extra_forbidden",
    "unexpected_keyword_argument": "extra_forbidden",
    "int_type": "int",
    "int_parsing": "int",
    "int_from_float": "int",
    "int_parsing_size": "int",
    "finite_number": "finite",
    "float_type": "number",
    "float_parsing": "number",
    "decimal_type": "number",
    "decimal_parsing": "number",
    "decimal_max_digits": "digits",
    "decimal_max_places": "digits",
    "decimal_whole_digits": "digits",
    "string_type": "string",
    "string_sub_type": "string",
    "string_unicode": "unicode",
    "bool_type": "bool",
    "bool_parsing": "bool",
    "date_type": "date",
    "date_parsing": "date",
    "date_from_datetime_parsing": "date",
    "date_from_datetime_inexact": "date",
    "datetime_type": "datetime",
    "datetime_parsing": "datetime",
    "datetime_from_date_parsing": "datetime",
    "timezone_naive": "datetime",
    "timezone_aware": "datetime",
    "list_type": "list",
    "tuple_type": "list",
    "set_type": "list",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
    "dataclass_type": "object",
    "json_invalid": "json",
    "json_type": "json",
    "uuid_type": "other",
}


def sentence(kind: str, context: Mapping[str, Any], message: str) -> Sentence:
    """The slug and both sentences for a pydantic error type, its context and its own message."""
    limited = _limited(kind, context)
    if limited is not None:
        return limited
    if "vi" in context and "en" in context:
        return kind, str(context["vi"]), str(context["en"])
    if kind in {"value_error", "assertion_error"}:
        return _own(message)
    return _PLAIN[_KINDS.get(kind, "other")]


def field_path(location: Iterable[object], under: str = "") -> str:
    """`commands.3.commune.code`, cut to a length that may be shown; characters that are not printable are replaced."""
    path = ".".join(str(part) for part in location)
    path = f"{under}.{path}" if under and path else under or path
    shown = "".join(character if character.isprintable() else "?" for character in path[: _PATH_LENGTH + 1])
    return shown if len(shown) <= _PATH_LENGTH else shown[:_PATH_LENGTH] + "…"


def _limited(kind: str, context: Mapping[str, Any]) -> Sentence | None:
    match kind:
        case "greater_than_equal":
            vi, en = _written(context["ge"])
            return "number-too-small", f"Không được nhỏ hơn {vi}.", f"Must not be less than {en}."
        case "greater_than":
            vi, en = _written(context["gt"])
            return "number-too-small", f"Phải lớn hơn {vi}.", f"Must be more than {en}."
        case "less_than_equal":
            vi, en = _written(context["le"])
            return "number-too-large", f"Không được lớn hơn {vi}.", f"Must not be more than {en}."
        case "less_than":
            vi, en = _written(context["lt"])
            return "number-too-large", f"Phải nhỏ hơn {vi}.", f"Must be less than {en}."
        case "string_too_short":
            vi, en = _written(context["min_length"])
            return "text-too-short", f"Cần ít nhất {vi} ký tự.", f"Needs at least {en} characters."
        case "string_too_long":
            vi, en = _written(context["max_length"])
            return "text-too-long", f"Không quá {vi} ký tự.", f"At most {en} characters."
        case "too_short":
            vi, en = _written(context["min_length"])
            return "list-too-short", f"Cần ít nhất {vi} mục.", f"Needs at least {en} items."
        case "too_long":
            vi, en = _written(context["max_length"])
            return "list-too-long", f"Không quá {vi} mục.", f"At most {en} items."
        case "string_pattern_mismatch":
            form = context["pattern"]
            return "wrong-form", f"Không đúng dạng {form}.", f"Does not have the form {form}."
        case "literal_error" | "enum":
            known = context["expected"]
            return "unknown-value", f"Phải là một trong: {known}.", f"Must be one of: {known}."
        case "union_tag_invalid":
            known = context["expected_tags"]
            return "unknown-value", f"Phải là một trong: {known}.", f"Must be one of: {known}."
        case _:
            return None


def _written(limit: object) -> tuple[str, str]:
    """A limit as Vietnamese and English write it: `1.000.000`, `1,000,000`; `31/12/2099`, `2099-12-31`."""
    match limit:
        case str() if _ISO_DAY.fullmatch(limit):  # what a validation of JSON says of a day
            return f"{date.fromisoformat(limit):%d/%m/%Y}", limit
        case date():
            return f"{limit:%d/%m/%Y}", f"{limit:%Y-%m-%d}"
        case int() | Decimal():
            return dotted(limit), f"{limit:,}"
        case _:
            return str(limit), str(limit)


def _own(message: str) -> Sentence:
    """What our own validators refuse by `ValueError`: text that is not text, or another bad value."""
    if "control characters" in message:
        return (
            "not-text",
            "Văn bản có ký tự điều khiển hoặc nửa cặp thay thế Unicode; hãy bỏ chúng.",
            "The text has control characters or lone surrogates; remove them.",
        )
    return _PLAIN["other"]
