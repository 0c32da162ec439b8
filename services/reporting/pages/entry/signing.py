"""Signing in again in the middle of a form: what was typed is carried in the page, in no address and in no store.

Guarantees that the form is not recorded by signing in: it is shown once more, for its sender to look at and send.
"""

from __future__ import annotations

import hmac
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from services.reporting.pages.reading import Reading
from services.reporting.pages.site import Site
from shared.kernel.errors import Refused
from shared.web.attempts import Attempts, TooManyAttempts
from shared.web.cookies import VISIT
from shared.web.links import Links, code_in
from shared.web.origin import peer_of
from shared.web.sealing import proof
from shared.web.session_store import Sessions, Started
from shared.web.sessions import Visitor, arrival_proof, enter, gate_of
from shared.web.tokens import PREFIX, Tokens

KEY: Final = "khoa"
"""The field into which a link or a token is pasted."""

CARRIED: Final = "mang_theo"
"""The field that says that the form comes from the page of this module."""


@dataclass(frozen=True, slots=True)
class Signing:
    """What signing in works with."""

    links: Links
    sessions: Sessions
    tokens: Tokens
    attempts: Attempts

    @staticmethod
    def forget(form: MutableMapping[str, str]) -> bool:
        """Take out of a form what was only for signing in; whether it came from the page that asks for that."""
        form.pop(KEY, None)
        return form.pop(CARRIED, None) is not None

    async def again(
        self, site: Site, request: Request, before: Visitor, reading: Reading, form: MutableMapping[str, str], given: str
    ) -> Visitor | Response:
        """The visitor after signing in by what was pasted; else the page that asks for it and carries the form along."""
        key = form.get(KEY, "").strip()
        carried = self.forget(form)
        visit = gate_of(request).jar.read(request, VISIT)
        problem: Refused | None = None
        if carried and visit is not None and hmac.compare_digest(given.encode(), proof(visit).encode()):
            try:
                return await self._entered(request, before, key)
            except Refused as refused:
                problem = self._counted(request, refused)
        response = site.page(
            request, before, reading, "entry/sign_in_again.html", status=401 if problem is None else problem.status,
            csrf=arrival_proof(request), carried=dict(form), problem=problem, key_field=KEY, carried_field=CARRIED,
        )  # fmt: skip
        response.headers["cache-control"] = "no-store"
        return response

    async def _entered(self, request: Request, before: Visitor, key: str) -> Visitor:
        if key.startswith(PREFIX):
            await self.tokens.authenticate(key)
            started = await self.sessions.start(key)
        else:
            started = await self.links.use(code_in(key) or "")
        await enter(request, before, started)
        return await self._visitor(started)

    async def _visitor(self, started: Started) -> Visitor:
        session = await self.sessions.find(started.secret)
        if session is None:
            raise Refused("session-over", "Phiên vừa mở đã hết hạn.", "The session is over already.", status=401)
        return Visitor(session.principal, session.token, session.hash, proof(started.secret))

    def _counted(self, request: Request, refused: Refused) -> Refused:
        try:
            self.attempts.wrong(peer_of(request))
        except TooManyAttempts as many:
            return many
        return refused
