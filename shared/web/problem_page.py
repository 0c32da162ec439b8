"""A problem as a page, for people: the same sentences as the JSON, when a browser asks for a page and not for data.

Guarantees that everything said is escaped and that the page needs nothing but the style sheet.
"""

from __future__ import annotations

from html import escape
from typing import Final

from starlette.responses import Response
from starlette.types import Scope

from shared.kernel.errors import Refused

_PAGE: Final = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Liên Thế</title>
<link rel="stylesheet" href="/static/site.css">
</head>
<body>
<header class="top"><a class="brand" href="/">Liên Thế</a></header>
<main id="content" class="problem">
<h1>{title}</h1>
<p>{vi}</p>
<p lang="en" class="en">{en}</p>
<p><a class="button" href="/">Về trang tiến độ toàn quốc <span lang="en" class="en">National progress</span></a></p>
<p class="small">{slug}</p>
</main>
</body>
</html>
"""


def wants_page(scope: Scope) -> bool:
    """Whether a browser asks for a page: it accepts HTML, and the address is not one of the API."""
    path: str = scope["path"]
    if path.startswith("/v1/"):
        return False
    accepts = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return b"text/html" in accepts


def problem_page(refused: Refused, title: str) -> Response:
    """The page of a refusal."""
    text = _PAGE.format(title=escape(title), vi=escape(refused.vi), en=escape(refused.en), slug=escape(refused.slug))
    return Response(text, status_code=refused.status, media_type="text/html; charset=utf-8")
