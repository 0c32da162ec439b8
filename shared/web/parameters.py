"""Refuses query parameters that a route does not know, and one that is given twice: a mistyped `as_off` must never be
answered with today's figure. It runs before every route of every service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import cast

from fastapi import Request
from fastapi.dependencies.models import Dependant

from shared.kernel.errors import Refused


async def only_known_parameters(request: Request) -> None:
    """`unknown-parameter` or `parameter-twice` (both 422), naming those that the route does know."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    if not given:
        return
    known = sorted(set(_names(cast("Dependant", request.scope["route"].dependant))))
    for name, times in given.items():
        if name not in known:
            raise Refused(
                "unknown-parameter",
                f"Địa chỉ này không có tham số đó; các tham số có là: {', '.join(known) or 'không có'}.",
                f"This address has no such parameter; it knows: {', '.join(known) or 'none'}.",
                field=name[:60],
            )
        if times > 1:
            raise Refused(
                "parameter-twice",
                "Tham số này được ghi hai lần; hãy ghi một lần, các giá trị cách nhau bằng dấu phẩy nếu được phép.",
                "This parameter is given twice; give it once, with commas between values where several are allowed.",
                field=name[:60],
            )


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)
