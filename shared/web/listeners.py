"""How many listen to streams at once: bounded in total and for each client address, so that listening starves nobody.

Guarantees that a place is given back exactly once, however the stream ends. Refuses with 503 and a `Retry-After`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from shared.kernel.errors import Refused

LISTENERS = 300
LISTENERS_PER_ADDRESS = 20


class Listeners:
    """Who is listening now."""

    def __init__(self, most: int = LISTENERS, most_per_address: int = LISTENERS_PER_ADDRESS) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._now: Counter[str] = Counter()

    @contextmanager
    def one(self, address: str) -> Generator[None]:
        """A listener's place, for as long as it is held. May raise `Refused`."""
        if self._now.total() >= self._most or self._now[address] >= self._most_per_address:
            raise _too_many()
        self._now[address] += 1
        try:
            yield
        finally:
            self._now[address] -= 1
            if not self._now[address]:
                del self._now[address]


def _too_many() -> Refused:
    return Refused(
        "too-many-listeners",
        "Đang có quá nhiều kết nối nghe thay đổi; hãy đóng bớt hoặc thử lại sau. Số liệu vẫn xem được bình thường.",
        "Too many are listening for changes; close some or try again later. The figures can be read as always.",
        status=503,
    )
