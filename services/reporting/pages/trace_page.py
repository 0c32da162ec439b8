"""Vì sao có số này? One number opened: what it is, how it is made up, the check of its sum, every entry, every source.

The id fixes the question for ever; the page says when what is known now gives another value. Who holds no token of the area
sees neither clubs nor senders; a number of one club needs a sign-in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from services.reporting.pages import tracing
from services.reporting.pages.reading import Chosen, Reading
from services.reporting.pages.reasoned import disagreements_in
from services.reporting.pages.site import Site
from services.reporting.pages.words import say
from services.reporting.questions import number_id, render, why
from services.reporting.questions.area import name_of
from services.reporting.questions.ask import known_at
from services.reporting.questions.desk import Figure
from services.reporting.questions.listed import Component
from services.reporting.questions.progress import figures, whole
from services.reporting.questions.question import Question
from services.reporting.questions.trace import Reader, trace
from shared.kernel.clock import day_of
from shared.kernel.errors import Refused
from shared.web.origin import asked_path
from shared.web.sessions import SignInNeeded, Visiting, Visitor

Json = dict[str, Any]
Given = Annotated[str, Query(max_length=200)]
PageNumber = Annotated[int, Query(ge=1, le=100_000)]
_NOT_FOUND: Final = 404


def router(site: Site) -> APIRouter:
    """The page of a number, and the way to it from a pasted id."""
    routes = site.pages()

    @routes.get("/so", response_class=Response)
    async def pasted(request: Request, visitor: Visiting, reading: Chosen, id: Given = "") -> Response:
        """To the number whose id was pasted, also out of a whole address."""
        wanted = id.strip().rstrip("/").rpartition("/")[2].partition("?")[0]
        if not wanted:
            return site.page(request, visitor, reading, "number_lost.html", given="", problem=None)
        try:
            return RedirectResponse(f"/so/{number_id.encode(number_id.decode(wanted))}", 303)
        except Refused as problem:
            return site.page(
                request, visitor, reading, "number_lost.html", status=_NOT_FOUND, given=id.strip(), problem=problem
            )

    @routes.get("/so/{id}", response_class=Response)
    async def number(
        request: Request,
        visitor: Visiting,
        reading: Chosen,
        id: str,
        page: PageNumber = 1,
        component: Annotated[Literal["part", "whole"], Query()] = "part",
    ) -> Response:
        """Everything behind one number."""
        try:
            question = _decoded(site, id)
        except Refused as problem:
            return site.page(request, visitor, reading, "number_lost.html", status=_NOT_FOUND, given=id[:200], problem=problem)
        if question.area.kind == "club" and not visitor.signed_in:
            raise SignInNeeded(asked_path(request))
        context = await _opened(site, visitor, reading, question, page, component)
        return site.page(request, visitor, context.pop("reading"), "trace.html", **context)

    _ = (pasted, number)
    return routes


def _decoded(site: Site, id: str) -> Question:
    question = number_id.decode(id)
    place = question.area.place
    if place is not None and not site.desk.places.exists(place):
        raise number_id.mistyped()
    return question


async def _opened(site: Site, visitor: Visitor, reading: Reading, question: Question, page: int, component: Component) -> Json:
    places, language = site.desk.places, reading.language
    now = replace(question, clocks=replace(question.clocks, known_at=known_at(None, reading.now)))
    today = replace(now, clocks=replace(now.clocks, as_of=day_of(reading.now)))
    async with site.desk.open(visitor.principal, question) as found:
        answer = await trace(found, places, question, Reader(visitor.principal, page, component))
        (figure,) = await whole(found, places, question.area, [question])
        (known_now,) = await whole(found, places, question.area, [now])
        (of_today,) = await whole(found, places, question.area, [today])
        parts = await figures(found, places, tracing.in_parts(question, places))
    name = say(language, await _name(site, visitor, question))
    answer["area"]["name"] = name
    revised = known_now.choice.value != figure.choice.value
    past = revised or question.clocks.as_of != day_of(reading.now)
    return {
        "reading": _chosen(site, reading, question, past=past),
        "answer": answer,
        "number": answer["number"],
        "question": question,
        "rule": render.words(why.shown(figure, places)),
        "count_not_shown": render.words(why.count_not_shown(figure)),
        "sources": tracing.sources(figure, parts, places, language),
        "disagreeing": disagreements_in(parts, places, language),
        "below": tracing.below(answer, figure, places, component, language),
        "entries": [tracing.entry(each, question, places, language) for each in answer["entries"]],
        "places_listed": answer["definition"]["kind"] == "coverage",
        "mix_chart": tracing.mix_chart(answer["number"], language),
        "same_day": render.figure(known_now) if revised else None,
        "of_today": _changed(of_today, figure),
        "way": tracing.crumbs(question, places, name, language),
        "back": f"/so/{number_id.encode(today)}",
        "why_changed": compare_link(question, now),
        "why_today": compare_link(question, today),
        "component": component,
    }


def compare_link(one: Question, other: Question) -> str:
    """The page that explains the difference of two numbers of one figure."""
    sides = {"a": one.clocks, "b": other.clocks}
    query = {"indicator": one.definition.slug, "area": one.area.text}
    for side, clocks in sides.items():
        query |= {f"{side}_as_of": clocks.as_of.isoformat(), f"{side}_known_at": render.instant(clocks.known_at)}
    return f"/so-sanh?{urlencode(query | {'a_map': one.clocks.map, 'b_map': other.clocks.map})}"


def _changed(of_today: Figure, figure: Figure) -> Json | None:
    """The number of today, if it is another one."""
    same = of_today.question.clocks.as_of == figure.question.clocks.as_of
    return None if same else render.figure(of_today)


def _chosen(site: Site, reading: Reading, question: Question, *, past: bool) -> Reading:
    """The reader's choice as the number has it, so that links from a number of the past stay in the past."""
    clocks = question.clocks
    return reading.of(
        site.desk.places,
        as_of=clocks.as_of.isoformat() if past else None,
        known_at=render.instant(clocks.known_at) if past else None,
        map=clocks.map if clocks.map != "34" else None,
        basis=clocks.basis if clocks.basis != "any" else None,
    )


async def _name(site: Site, visitor: Visitor, question: Question) -> str:
    """What the area is called; a club by the name that its own service knows."""
    area = question.area
    if area.kind != "club":
        return name_of(area, site.desk.places)
    try:
        club = await site.ask("clubs", f"/v1/clubs/{area.code}", visitor)
    except Refused:
        return area.code
    return str(club.get("founding", {}).get("name", area.code))
