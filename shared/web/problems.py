"""Every failure as RFC 9457 `application/problem+json`, in one place: a slug, a Vietnamese and an English sentence, a field.

Guarantees that a person can act on what they read and that nothing of the inside leaks: no stack, no SQL, no host; an
unexpected failure is answered with an id that the log carries too. What the caller sent is never echoed back.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import orjson
import pydantic
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from shared.kernel.errors import Refused
from shared.telemetry import context
from shared.web.problem_page import problem_page, wants_page
from shared.web.sentences import field_path, sentence

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

TITLES: dict[int, tuple[str, str]] = {
    400: ("Không đọc được yêu cầu", "The request cannot be read"),
    401: ("Chưa có mã truy cập hợp lệ", "No valid token"),
    403: ("Không có quyền", "Not allowed"),
    404: ("Không tìm thấy", "Not found"),
    405: ("Phương thức không dùng được ở đây", "Method not allowed here"),
    409: ("Xung đột", "Conflict"),
    413: ("Nội dung quá lớn", "Too large"),
    415: ("Sai loại nội dung", "Wrong content type"),
    422: ("Bị từ chối", "Refused"),
    429: ("Quá nhiều yêu cầu", "Too many requests"),
    500: ("Lỗi trong hệ thống", "A fault of the system"),
    502: ("Một dịch vụ trả lời sai", "A service answered wrongly"),
    503: ("Một phần hệ thống chưa sẵn sàng", "A part of the system is not ready"),
    504: ("Một dịch vụ không trả lời kịp", "A service did not answer in time"),
}

_GENERAL: dict[int, tuple[str, str, str]] = {
    400: ("bad-request", "Yêu cầu không đúng dạng.", "The request is malformed."),
    401: ("token-missing", "Cần mã truy cập.", "This needs a token."),
    403: ("not-allowed", "Không có quyền làm việc này.", "You may not do this."),
    404: ("no-such-page", "Không có địa chỉ này; xem /openapi.json.", "There is nothing at this address; see /openapi.json."),
    405: ("method-not-allowed", "Địa chỉ này không nhận phương thức đó.", "This address does not take that method."),
    413: ("body-too-large", "Nội dung gửi lên quá lớn.", "The body is too large."),
    415: ("wrong-content-type", "Hãy gửi `Content-Type: application/json`.", "Send `Content-Type: application/json`."),
    429: ("too-many-requests", "Quá nhiều yêu cầu; hãy thử lại sau.", "Too many requests; try again later."),
    503: ("not-ready", "Dịch vụ chưa sẵn sàng; hãy thử lại sau.", "The service is not ready; try again later."),
}


def problem(refused: Refused, *, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A problem's members: `type`, `title`, `status`, `detail`, `detail_en`, `slug`, and `field` if one is to blame."""
    vi, en = TITLES.get(refused.status, TITLES[422])
    body: dict[str, Any] = {
        "type": f"/problems/{refused.slug}",
        "title": vi,
        "title_en": en,
        "status": refused.status,
        "detail": refused.vi,
        "detail_en": refused.en,
        "slug": refused.slug,
    }
    if refused.field is not None:
        body["field"] = refused.field
    return body | dict(extra or {})


def answer(
    refused: Refused,
    *,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    scope: Scope | None = None,
) -> Response:
    """The problem as a response; as a page if `scope` is of a browser that asks for one."""
    context.refused(refused.slug)
    if scope is not None and wants_page(scope):
        return problem_page(refused, TITLES.get(refused.status, TITLES[422])[0])
    sent = dict(headers or {})
    if refused.status == 401:
        sent.setdefault("WWW-Authenticate", "Bearer")
    if refused.status == 503:
        sent.setdefault("Retry-After", "2")
    content = orjson.dumps(problem(refused, extra=extra) | _where())
    return Response(content, status_code=refused.status, media_type=MEDIA_TYPE, headers=sent)


def _where() -> dict[str, str]:
    """Under which trace the log has what happened. The `instance` is the same number, written as a UUID."""
    call = context.current()
    return {} if call is None else {"instance": UUID(int=call.here.trace).urn, "trace_id": call.trace_id}


def refused_by(error: pydantic.ValidationError, *, under: str = "") -> Refused:
    """A validation failure as one refusal: its first error's sentence and field, `under` being the path above it."""
    return _translated(error.errors(include_url=False, include_input=False)[0], under)


def internal(error: BaseException, where: str) -> Refused:
    """An unexpected failure: logged with its stack under an id, answered with the id alone."""
    fault = uuid4().hex[:12]
    log.error("fault %s at %s", fault, where, exc_info=error)
    return Refused(
        "internal-fault",
        f"Hệ thống gặp lỗi; không có gì bị ghi dở. Hãy thử lại, và báo mã {fault} nếu lỗi lặp lại.",
        f"The system failed; nothing is half recorded. Try again, and report {fault} if it happens again.",
        status=500,
    )


def general(status: int) -> Refused:
    """What there is to say when only the status is known."""
    slug, vi, en = _GENERAL.get(status, _GENERAL[400] if status < 500 else _GENERAL[503])
    return Refused(slug, vi, en, status=status)


def install_problems(app: FastAPI) -> None:
    """Answer the refusals of an application with problems; `shared.web.edge` answers what nobody expected."""

    async def on_refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, Refused):
            raise error
        return answer(error, scope=request.scope)

    async def on_invalid(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        return answer(_of_request(error.errors()), scope=request.scope)

    async def on_http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        return answer(general(error.status_code), headers=error.headers, scope=request.scope)

    app.add_exception_handler(Refused, on_refused)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)


def _of_request(errors: Sequence[Any]) -> Refused:
    error = errors[0]
    place, *rest = error["loc"] or ("",)
    status = 400 if error["type"] == "json_invalid" else 422
    inner = rest if place in {"body", "query", "path", "header", "cookie"} else error["loc"]
    return _translated({**error, "loc": tuple(inner)}, "", status=status)


def _translated(error: Any, under: str, *, status: int = 422) -> Refused:
    slug, vi, en = sentence(error["type"], error.get("ctx") or {}, error.get("msg", ""))
    return Refused(slug, vi, en, status=status, field=field_path(error["loc"], under) or None)
