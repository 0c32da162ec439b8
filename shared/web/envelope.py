"""From a JSON value to a request for the handler: the command's type, its fields, its id, and when it was recorded.

Guarantees that a command id is a UUID that follows from what the caller sent: a UUID is taken as it is, any other text is
mixed with whose it is, so that two provinces that both write "1" do not meet. Refuses unknown types by naming the known ones,
unknown fields, values of the wrong JSON type ("12" is no number and 1 is not true), and texts of which nothing can be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pydantic
from fastapi import Request as HttpRequest

from shared.eventlog.plan import Request
from shared.events.common import shows
from shared.kernel.command import Command
from shared.kernel.errors import Refused
from shared.kernel.principal import Principal
from shared.telemetry import context
from shared.web.body import compact
from shared.web.problems import refused_by
from shared.web.sentences import field_path

KEY_LENGTH = 200
_KEYS = uuid5(NAMESPACE_URL, "lien-the/idempotency-key")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Types = Mapping[str, type[Command]]


def single_request(types: Types, body: Any, key: str | None, principal: Principal) -> Request:
    """The request of `POST /v1/commands`. May raise `Refused`; that too is told under the command's trace."""
    identity = command_id(key, principal)
    context.serves(identity)
    fields = require_object(body)
    require_fields(fields, {"type", "data"}, set())
    command = command_of(types, fields["type"], fields["data"])
    return Request(identity, command, principal)


def batch_request(types: Types, item: Any, key: str | None, place: int, principal: Principal) -> Request:
    """The request of one command of a batch; `key` is the batch's own, for commands without an id. May raise `Refused`."""
    under = f"commands.{place}"
    fields = require_object(item, under)
    require_fields(fields, {"type", "data"}, {"id", "recorded_at"}, under)
    given = fields.get("id")
    if given is not None and not isinstance(given, str):
        raise _bad_key(f"{under}.id")
    if given is None and key is not None:
        given = unnamed_id(key, principal, place)
    command = command_of(types, fields["type"], fields["data"], under)
    recorded_at = _instant(fields.get("recorded_at"), f"{under}.recorded_at")
    return Request(command_id(given, principal, f"{under}.id"), command, principal, recorded_at)


def command_of(types: Types, name: Any, data: Any, under: str = "") -> Command:
    """The command, or `Refused`: `unknown-command`, or what is wrong with a field of it."""
    prefix = f"{under}." if under else ""
    cls = types.get(name) if isinstance(name, str) else None
    if cls is None:
        known = ", ".join(sorted(types))
        raise Refused(
            "unknown-command",
            f"Không có lệnh này. Các lệnh của dịch vụ: {known}.",
            f"There is no such command. The commands of this service: {known}.",
            field=f"{prefix}type",
        )
    require_object(data, f"{prefix}data")
    try:
        command = cls.model_validate_json(compact(data), strict=True, extra="forbid")
    except pydantic.ValidationError as error:
        raise refused_by(error, under=f"{prefix}data") from None
    for path in _unseen(data):
        raise Refused(
            "nothing-to-see",
            "Cần điền mục này: mọi ký tự đã gửi đều không nhìn thấy được.",
            "This is needed: nothing of what was sent can be seen.",
            field=field_path(path, f"{prefix}data"),
        )
    return command


def _unseen(value: Any, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Where in a command's data a text stands of which nothing can be seen."""
    match value:
        case str():
            if not value.isascii() and not shows(value):
                yield path
        case dict():
            for name, inner in cast("dict[str, Any]", value).items():
                yield from _unseen(inner, (*path, name))
        case list():
            for place, inner in enumerate(cast("list[Any]", value)):
                yield from _unseen(inner, (*path, place))
        case _:
            pass


def command_id(key: str | None, principal: Principal, field: str = "Idempotency-Key") -> str:
    """The id of a command: the key if it is a UUID, one derived from key and bearer if it is another text, else a new one."""
    if key is None:
        return str(uuid4())
    if _UUID.fullmatch(key):
        return key.lower()
    if not 0 < len(key) <= KEY_LENGTH or not key.isprintable() or key != key.strip():
        raise _bad_key(field)
    return str(uuid5(_KEYS, f"{principal.role}/{principal.side}/{principal.area.key}/{key}"))


def unnamed_id(key: str, principal: Principal, place: int) -> str:
    """The id of a batch's command that has none: by the batch's own key and its place in the batch. May raise `Refused`."""
    return str(uuid5(UUID(command_id(key, principal)), str(place)))


def key_of(request: HttpRequest) -> str | None:
    """The `Idempotency-Key` of a request (UTF-8), or None. Two of them are refused."""
    keys = [value for name, value in request.headers.raw if name.lower() == b"idempotency-key"]
    if not keys:
        return None
    try:
        (key,) = keys
        return key.decode()
    except ValueError:  # two keys, or bytes that are not UTF-8
        raise _bad_key("Idempotency-Key") from None


def require_object(value: Any, field: str = "") -> dict[str, Any]:
    """The value as an object, or `not-an-object`."""
    if not isinstance(value, dict):
        raise Refused("not-an-object", "Phải là một đối tượng {...}.", "Must be an object {...}.", field=field or None)
    return cast("dict[str, Any]", value)


def require_fields(fields: Mapping[str, Any], needed: set[str], allowed: set[str], under: str = "") -> None:
    """All that is needed is there and nothing else; else `field-missing` or `unknown-field`."""
    for name in sorted(needed - fields.keys()):
        raise Refused("field-missing", "Thiếu trường này.", "This field is missing.", field=field_path([name], under))
    for name in sorted(fields.keys() - needed - allowed):
        raise Refused(
            "unknown-field",
            "Không có trường này; hãy kiểm tra tên trường.",
            "There is no such field; check its name.",
            field=field_path([name], under),
        )


def _instant(value: Any, field: str) -> datetime | None:
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not 2000 <= instant.year <= 2100:
        raise Refused(
            "not-an-instant",
            "Phải là thời điểm kèm múi giờ, dạng 2025-07-01T08:00:00Z.",
            "Must be an instant with its time zone, such as 2025-07-01T08:00:00Z.",
            field=field,
        )
    return instant.astimezone(UTC)


def _bad_key(field: str) -> Refused:
    return Refused(
        "bad-idempotency-key",
        f"Mã lệnh (Idempotency-Key) phải là một UUID hoặc một dòng chữ không quá {KEY_LENGTH} ký tự, gửi một lần.",
        f"A command id (Idempotency-Key) must be a UUID or one line of at most {KEY_LENGTH} characters, sent once.",
        status=400,
        field=field,
    )
