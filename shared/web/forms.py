"""Reading a form that a page sent: `application/x-www-form-urlencoded` only, strictly, into plain texts.

Refuses files and every other kind of body (415), text that is not UTF-8, NUL characters, more than 200 fields and a field
that is given twice (400). How large a body may be is for `shared.web.edge` to say.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request

from shared.kernel.errors import Refused
from shared.web.body import nul_refused

FIELDS = 200


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form. May raise `Refused`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(
            "wrong-content-type",
            "Địa chỉ này nhận biểu mẫu của trang (application/x-www-form-urlencoded).",
            "This address takes the form of a page (application/x-www-form-urlencoded).",
            status=415,
        )
    return parse_form(await request.body())


def readable(raw: bytes) -> dict[str, str]:
    """What can be read of a form that `parse_form` refuses: to be shown to its sender again, and never to be recorded.

    Without NUL characters, with a sign in the place of bytes that are no text, the last of fields that were given twice;
    nothing of a form with too many fields.
    """
    try:
        pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, errors="replace", max_num_fields=FIELDS)
    except ValueError:
        return {}
    return {name.replace("\0", ""): value.replace("\0", "") for name, value in pairs}


def parse_form(raw: bytes) -> dict[str, str]:
    """The fields of a form's body. May raise `Refused` (400)."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS)
    except ValueError:  # UnicodeDecodeError is one too
        raise Refused(
            "form-unreadable",
            f"Không đọc được biểu mẫu: không phải UTF-8, hoặc quá {FIELDS} trường.",
            f"The form cannot be read: it is not UTF-8, or has more than {FIELDS} fields.",
            status=400,
        ) from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused(
            "field-twice",
            "Một trường của biểu mẫu được gửi hai lần; hãy tải lại trang rồi gửi lại.",
            "A field of the form was sent twice; load the page again and send it again.",
            status=400,
        )
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise nul_refused()
    return found
