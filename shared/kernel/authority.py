"""Who may write where: a principal's role, side and area held against a command's jurisdiction, by the dated map of places.

Guarantees that a commune, a province and the centre write only where they belong, whichever of the two lists of codes the
place is named in, and only for the side (bên) that they act for. Refuses with 403 and says which of the three is wrong.
"""

from __future__ import annotations

from shared.kernel.decider import Jurisdiction
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook
from shared.kernel.principal import Principal, Role

_ROLES_VI: dict[str, str] = {
    "commune": "cấp xã",
    "province": "cấp tỉnh",
    "centre": "trung ương",
    "operator": "vận hành hệ thống",
    "reader": "chỉ đọc",
}
_SIDES = {"state": ("nhà nước", "the state"), "association": ("Hội Người cao tuổi", "the Association of the Elderly")}


def authorise(principal: Principal, jurisdiction: Jurisdiction, places: PlaceBook) -> None:
    """Let the principal write there, or raise `Refused`: `not-your-role`, `not-your-side` or `not-your-area` (all 403).

    A code that is absent from the list it names is nobody's area: `unknown-place` (422).
    """
    if principal.role not in jurisdiction.roles:
        raise _wrong_role(principal.role, jurisdiction.roles)
    if jurisdiction.side is not None and principal.side != jurisdiction.side:
        vi, en = _SIDES.get(jurisdiction.side, (jurisdiction.side, jurisdiction.side))
        raise Refused(
            "not-your-side",
            f"Việc này do bên {vi} ghi; hãy dùng mã truy cập của bên đó.",
            f"This is recorded by {en}; use a token of that side.",
            status=403,
        )
    for place in (jurisdiction.area, *jurisdiction.also):
        require_area(principal, place, places)


def require_area(principal: Principal, place: PlaceRef, places: PlaceBook) -> None:
    """Let the principal see or write a place inside their area, or raise `Refused` (`not-your-area`, `unknown-place`)."""
    if not places.exists(place):
        raise Refused(
            "unknown-place",
            f"Mã {place.code} không có trong danh mục {place.list} tỉnh, thành; hãy kiểm tra mã và danh mục.",
            f"Code {place.code} is not in the list of the {place.list} provinces; check the code and its list.",
        )
    if not places.contains(principal.area, place):
        own = places.name(principal.area)
        raise Refused(
            "not-your-area",
            f"Nơi này không thuộc {own}; hãy dùng mã truy cập của địa bàn đó.",
            f"This place does not lie in {own}; use a token of its own area.",
            status=403,
        )


def holds_area(principal: Principal, place: PlaceRef, places: PlaceBook) -> bool:
    """Whether a place lies in the principal's area; an unknown place lies in nobody's."""
    return places.exists(place) and places.contains(principal.area, place)


def _wrong_role(role: Role, wanted: tuple[str, ...]) -> Refused:
    return Refused(
        "not-your-role",
        f"Mã truy cập này có vai trò {_ROLES_VI[role]}; việc này dành cho: {', '.join(_ROLES_VI.get(r, r) for r in wanted)}.",
        f"This token's role is {role}; this is for: {', '.join(wanted)}.",
        status=403,
    )
