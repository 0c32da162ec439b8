"""How the tests are shared out among processes: a file stays whole, and so does a folder with a system of its own."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

WHOLE = ("tests/browser/",)
FIRST = ("tests/browser/", "tests/simulator/", "tests/system/", "tests/shared/projections/test_rebuild")
"""What takes longest, so that no process is left alone with it at the end."""


class Sharing(LoadScopeScheduling):
    """The next piece goes to the process that is free first."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return next((folder for folder in WHOLE if path.startswith(folder)), path)


def rank(nodeid: str) -> int:
    """The lower, the earlier."""
    return next((number for number, start in enumerate(FIRST) if nodeid.startswith(start)), len(FIRST))
