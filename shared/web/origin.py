"""Where a request of a browser comes from: whether one of our own pages sent it, to which address, and from which machine.

The front drops what a caller claims about forwarding and says itself what it saw, in `lt-host` and `lt-peer`; a browser lets no
page of another site set either. Guarantees that no address to go on to after signing in leads away from here.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

from fastapi import Request

from shared.kernel.errors import Refused

HOST: Final = b"lt-host"
PEER: Final = b"lt-peer"

_HERE: Final = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,1500}")


def require_same_origin(request: Request, public: str | None) -> None:
    """Refuse (403) what a browser says came from another site. `public` is the public address, if one is set."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    hidden = origin == "null" and site == "same-origin"  # a browser that tells nobody where it was still says that it was here
    if (site is not None and site != "same-origin") or (
        origin is not None and not hidden and not _ours(request, origin, public)
    ):
        raise Refused(
            "other-site",
            "Biểu mẫu này được gửi từ một trang khác; hãy mở trang của hệ thống rồi gửi lại.",
            "This form was sent from another site; open the page here and send it again.",
            status=403,
        )


def address_of(request: Request, public: str | None) -> str:
    """The address under which the visitor sees us: the public one, else what the browser asked for."""
    return public or f"http://{_host(request)}"


def peer_of(request: Request) -> str:
    """The machine that asks, as the front sees it."""
    return request.headers.get(PEER.decode()) or (request.client.host if request.client else "")


def safe_path(text: str | None) -> str | None:
    """The text if it is a path on this site that one may go on to after signing in, else None."""
    if text is None or not _HERE.fullmatch(text) or text.startswith(("/dang-", "/v1/")):
        return None
    parts = urlsplit(text)
    return None if parts.scheme or parts.netloc else quote(text, safe="/?&=%:,;@!$'()*+~#[]")


def asked_path(request: Request) -> str:
    """The path and query of a request, as a browser would ask for it again."""
    query: bytes = request.scope.get("query_string", b"")
    path = quote(request.scope["path"])
    return f"{path}?{query.decode('latin-1')}" if query else path


def page_before(request: Request, public: str | None) -> str | None:
    """The path and query of the page of ours that a form was sent from, as the browser says; None if it does not."""
    parts = urlsplit(request.headers.get("referer", ""))
    if not _ours(request, f"{parts.scheme}://{parts.netloc}", public):
        return None
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _ours(request: Request, origin: str, public: str | None) -> bool:
    if public is not None:
        return origin == public
    parts = urlsplit(origin)
    return parts.scheme in {"http", "https"} and parts.netloc == _host(request)


def _host(request: Request) -> str:
    return request.headers.get(HOST.decode()) or request.headers.get("host", "")
