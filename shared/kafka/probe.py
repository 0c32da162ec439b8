"""Whether a broker answers now: one small question, whose answer is good for a moment.

Guarantees that it never blocks the event loop and never waits longer than a few seconds, however often it is asked. A client
that publishes or reads learns of a broken broker only when it has something to do; this one asks.
"""

from __future__ import annotations

import asyncio
import logging
import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

log = logging.getLogger(__name__)


class BrokerProbe:
    """Asks one cluster."""

    def __init__(self, bootstrap: str, *, patience: float = 2.0, good_for: float = 2.0) -> None:
        self._bootstrap = bootstrap
        self._patience = patience
        self._good_for = good_for
        self._client: AdminClient | None = None
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._why: str | None = None

    async def why_not(self) -> str | None:
        """None when the broker answers, else the reason in its client's words."""
        async with self._asking:
            if time.monotonic() - self._asked_at > self._good_for:
                self._why = await asyncio.to_thread(self._ask)
                self._asked_at = time.monotonic()
            return self._why

    def _ask(self) -> str | None:
        try:
            if self._client is None:
                self._client = AdminClient(
                    {
                        "bootstrap.servers": self._bootstrap,
                        "client.id": "lien-the-probe",
                        "log_level": 0,
                        "reconnect.backoff.ms": 50,
                        "reconnect.backoff.max.ms": 1000,
                    },
                    logger=log,
                )
            self._client.list_topics(timeout=self._patience)
        except KafkaException as failure:
            return str(failure.args[0].str() if failure.args else failure)
        return None
