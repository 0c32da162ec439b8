"""`GET /v1/revisions`: why one figure differs between two moments of knowledge, or between two days.

Anyone may ask down to the commune; a club needs a token of its area. Refuses a question whose two sides are the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from services.reporting.api import Desk, PageNumber, Text
from services.reporting.questions.ask import Asked, understand
from services.reporting.questions.question import Question
from services.reporting.questions.revisions import revisions
from services.reporting.questions.trace import Reader
from services.reporting.revision_answers import RevisionsAnswer
from shared.kernel.errors import Refused
from shared.web.access import Anyone


def router(desk: Desk) -> APIRouter:
    """The one route."""
    routes = APIRouter(tags=["figures"])

    @routes.get("/v1/revisions", response_model=RevisionsAnswer)
    async def explained(
        principal: Anyone,
        *,
        indicator: Annotated[str, Query(max_length=100)],
        area: Text = None,
        as_of: Text = None,
        as_of_from: Text = None,
        known_from: Text = None,
        known_to: Text = None,
        map: Text = None,
        basis: Text = None,
        page: PageNumber = 1,
        component: Annotated[Literal["part", "whole"], Query()] = "part",
    ) -> dict[str, Any]:
        """What became known in (`known_from`, `known_to`] and changes a figure, with the check of its sum.

        `as_of_from` compares two days as well, or instead: what happened from that day to `as_of`.
        """
        if known_from is None and as_of_from is None:
            raise Refused(
                "nothing-to-compare",
                "Hãy ghi known_from (biết từ lúc nào) hoặc as_of_from (từ ngày nào) để có hai bên mà so.",
                "Write known_from or as_of_from, so that there are two sides to compare.",
                field="known_from",
            )
        asked = Asked(indicator, area, as_of, known_to, map, basis)
        now = desk.reads.clock()
        to = understand(asked, desk.places, now)
        if len(to.definitions) != 1:
            raise Refused("one-indicator", "Hãy hỏi từng chỉ tiêu một.", "Ask for one indicator.", field="indicator")
        earlier = understand(replace(asked, as_of=as_of_from or as_of, known_at=known_from or known_to), desk.places, now)
        one, other = (Question(ask.definitions[0], ask.area, ask.clocks) for ask in (earlier, to))
        async with desk.open(principal, other) as found:
            return await revisions(found, desk.places, one, other, Reader(principal, page, component))

    _ = explained
    return routes
