"""Where a rebuild works, and which builds of a view it finds or begins there. Refuses a second one of a view while one runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field

from shared.eventlog.signing import PublicKey
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.projections import builds
from shared.projections.builds import Built, beside
from shared.projections.schema import make_tables
from shared.projections.view import View


def _alone_folds(_built: Built) -> AbstractAsyncContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rebuild works: the service's database as itself and as its owner, and the broker."""

    service: str
    pool: Pool
    owner: Connection
    app_role: str
    bootstrap: str
    stands_on: Mapping[str, str]
    """What else the figures are read with, by name, with its version: definitions, maps."""
    public: PublicKey | None = None
    """The key by which the logs sign."""
    helped: Callable[[Built], AbstractAsyncContextManager[None]] = field(default=_alone_folds)
    """Other processes that fold the same build meanwhile (`fold_along`), so that a rebuild uses more than one core."""


async def begun_build(place: Place, view: View, *, accept: bool) -> Built:
    """The build that was begun by this version of the fold, or a new one; what was kept before goes.

    A build that was found to differ is gone on with only to be accepted: the fold may have been mended since.
    """
    found = await builds.of(place.owner, view.name)
    begun = next((build for build in found if build.state == "building" and build.code == view.version), None)
    if begun is not None and (begun.certificate is None or accept):
        number = begun.number
    else:
        for old in (build for build in found if build.state != "live"):
            await builds.remove(place.owner, old)
        number = max(build.number for build in found) + 1
        await place.owner.execute(
            "insert into projection.builds (view, build, code, state) values ($1, $2, $3, 'building')",
            view.name, number, view.version,
        )  # fmt: skip
    await make_tables(place.owner, place.app_role, Built(view, number))
    return beside(view, number)


async def live_build(place: Place, view: View) -> Built:
    """The build that readers see. May raise `Refused`: there is none, or another version of the fold made it."""
    found = await builds.live(place.owner, view.name)
    if found is None:
        raise Refused("not-migrated", "Chưa có bảng: chạy migrate trước.", "There are no tables yet: run migrate first.")
    if found.code != view.version:
        raise Refused(
            "another-version",
            f"Bản đang dùng của {view.name} do mã phiên bản {found.code} làm, mã này là {view.version}: chạy migrate trước.",
            f"The live build of {view.name} is of version {found.code}, this code has {view.version}: migrate first.",
        )
    return Built(view, found.number)


async def other_build(place: Place, view: View, *states: builds.State) -> Built:
    """The build that is in one of these states."""
    found = next((build for build in await builds.of(place.owner, view.name) if build.state in states), None)
    if found is None or found.code != view.version:
        raise Refused(
            "no-other-build",
            f"Ngoài bản đang dùng không có bản {view.name} nào dùng được ở đây; dựng một bản: clb views rebuild {view.name}.",
            f"Beside the live one there is no build of {view.name} for this; make one: clb views rebuild {view.name}.",
        )
    return beside(view, found.number)


@asynccontextmanager
async def alone(place: Place, view: View) -> AsyncGenerator[None]:
    """One rebuild of a view at a time; the lock ends with the session."""
    key = f"rebuild/{view.name}"
    if not await place.owner.fetchval("select pg_try_advisory_lock(hashtextextended($1, 0))", key):
        raise Refused(
            "rebuild-running",
            f"Đang có một lần dựng lại {view.name}; đợi nó xong, hoặc dừng tiến trình đó.",
            f"A rebuild of {view.name} is running already; wait for it, or stop that process.",
            status=409,
        )
    try:
        yield
    finally:
        await place.owner.execute("select pg_advisory_unlock(hashtextextended($1, 0))", key)
