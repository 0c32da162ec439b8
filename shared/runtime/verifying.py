"""What verifies a service's log by itself, made from the settings: the relay's process runs it.

Refuses a public key that is none.
"""

from __future__ import annotations

from shared.eventlog.signing import load_public
from shared.kernel.database import Pool
from shared.relay.verifier import Proofs, Timing, Verifier
from shared.runtime.settings import Settings


def verifier_of(pool: Pool, settings: Settings) -> Verifier:
    """Every `CLB_VERIFY_HOURS`, and a few minutes after the start."""
    how = settings.signing
    public = None if settings.public_key is None else load_public(settings.public_key)
    proofs = None if how is None or public is None else Proofs(how.folder, public)
    timing = Timing(every=settings.verify_seconds, first=min(Timing().first, settings.verify_seconds))
    return Verifier(pool, settings.service, settings.kafka_bootstrap, proofs, timing)
