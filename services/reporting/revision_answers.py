"""The shape of the answer to `GET /v1/revisions`: why one figure differs between two pairs of clocks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from services.reporting.questions.reasons import Kind


class Said(BaseModel):
    """A sentence in both languages."""

    vi: str
    en: str


class PlaceAnswer(BaseModel):
    """An area with its name."""

    key: str
    kind: str
    name: str


class SideAnswer(BaseModel):
    """The figure on one side. `id` opens it; `counted_value` is what is compared: of a share, one of its two parts."""

    as_of: str
    known_at: str
    map: str
    id: str
    value: float | int | None
    display: Said
    compared: int | float


class ReasonAnswer(BaseModel):
    """All changes of one kind together."""

    kind: Kind
    words: Said
    amount: int | float
    count: int


class RevisedEvent(BaseModel):
    """The event behind a change."""

    id: str
    type: str
    words: Said
    source: str
    lane: int | None
    position: int | None
    recorded_at: str


class RevisionAnswer(BaseModel):
    """One change. `before` and `after`: what was known of the same club (or published figure) before it and with it.

    `stream` and `actor` are told to holders of a token of the area.
    """

    kind: Kind
    reason: Said
    amount: int | float
    before: int | float | None
    after: int | float | None
    valid_on: str | None
    known_at: str | None
    place: PlaceAnswer | None
    event: RevisedEvent | None
    stream: str | None
    actor: str | None


class CheckAnswer(BaseModel):
    """Whether everything listed, on all pages together, is the difference."""

    difference: int | float
    listed: int | float
    equal: bool


class RevisionsAnswer(BaseModel):
    """Why a figure differs (vì sao đổi): grouped by event, 100 a page, with the server's own check of the sum."""

    indicator: str
    title: Said
    unit: str
    unit_words: Said
    area: PlaceAnswer
    component: Literal["part", "whole"] | None
    generated: bool
    one: SideAnswer
    other: SideAnswer
    reasons: list[ReasonAnswer]
    revisions: list[RevisionAnswer]
    page: int
    pages: int
    count: int
    check: CheckAnswer
