"""The span of a request: in the caller's trace, or in that of the one command it is about, with a link to the caller.

Guarantees that probes and scrapes make no spans, and that a caller who does not record a trace is not made to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from opentelemetry.trace import SpanKind

from shared.runtime.telemetry import Tracing
from shared.web.measured import Served

_UNTRACED: Final = frozenset({"/health", "/ready", "/metrics"})


def trace_requests(tracing: Tracing) -> Callable[[Served], None]:
    """What is to be told of every answer."""

    def served(one: Served) -> None:
        here, caller = one.call.here, one.call.caller
        ours = caller is None or caller.trace != here.trace
        if one.route in _UNTRACED or not (tracing.wanted(here.trace) if ours or caller is None else caller.sampled):
            return
        tracing.span(
            f"{one.method} {one.route}",
            here,
            None if ours else caller,
            one.began,
            one.ended,
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": one.method,
                "http.route": one.route,
                "http.response.status_code": one.status,
                "lienthe.refused": one.call.refused or "",
            },
            links=[caller] if ours and caller is not None else (),
            failed=one.status >= 500,
        )

    return served
