"""Styles, scripts and pictures of the pages: ours, and what the build put into `static/vendor`. Named by their content.

Guarantees that an address with the content's digest is answered with exactly that content, so that a browser may keep it for
ever, and that nothing outside the folder is ever served.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response

from shared.kernel.errors import Refused
from shared.web.access import Anyone

FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is served."""

    content: bytes
    digest: str
    media_type: str


@cache
def files() -> dict[str, File]:
    """Every file by its name below the folder, read once."""
    found: dict[str, File] = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and path.suffix in _TYPES:
            content = path.read_bytes()
            name = path.relative_to(FOLDER).as_posix()
            found[name] = File(content, hashlib.sha256(content).hexdigest()[:16], _TYPES[path.suffix])
    return found


def address(name: str) -> str:
    """Where a file is, with its digest. May raise `KeyError` for a file that the build did not make."""
    return f"/static/{name}?v={files()[name].digest}"


def router() -> APIRouter:
    """The one route."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/static/{name:path}", response_class=Response)
    async def static(
        principal: Anyone,
        name: str,
        v: Annotated[str | None, Query(max_length=64)] = None,
        if_none_match: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        """A file of the pages."""
        del principal
        file = files().get(name)
        if file is None:
            raise Refused("no-such-page", "Không có tệp này.", "There is no such file.", status=404)
        kept = "public, max-age=31536000, immutable" if v == file.digest else "no-cache"
        headers = {"cache-control": kept, "etag": f'"{file.digest}"'}
        if if_none_match == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)

    _ = static
    return routes
