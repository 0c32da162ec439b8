"""`clb token issue|link|list|revoke`: tokens of all services, by the operator's own token, and links to sign in with.

A token is shown once, or written into a file that only its owner can read; with `--link` it is not shown at all, but a link
that works once. Refuses to write over a file that is there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.cli.client import open_front, token_of
from shared.cli.links import MadeLink, in_the_way, make_link, show_link, write_qr, write_secret
from shared.cli.speech import Json, out, print_json, word
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef

app = typer.Typer(no_args_is_help=True, help="Mã truy cập / tokens.")

Hours = Annotated[int, typer.Option(min=1, max=168, help="For how many hours the link works, if nobody uses it.")]
Qr = Annotated[Path | None, typer.Option("--qr", help="Write the link's QR code there, as SVG (mode 0600).")]


class RoleName(StrEnum):
    """Who a token may be for."""

    COMMUNE = "commune"
    PROVINCE = "province"
    CENTRE = "centre"
    OPERATOR = "operator"
    READER = "reader"


class SideName(StrEnum):
    """For whom it acts."""

    STATE = "state"
    ASSOCIATION = "association"


@app.command()
def issue(
    *,
    role: Annotated[RoleName, typer.Option(help="What it may do.")],
    area: Annotated[str, typer.Option(help="VN, or list and code: 34:38 (province), 34:15835 (commune).")] = "VN",
    side: Annotated[SideName, typer.Option(help="For whom it acts.")] = SideName.ASSOCIATION,
    label: Annotated[str | None, typer.Option(help="What it is for; no names of people.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="Valid for so many days.")] = None,
    file: Annotated[Path | None, typer.Option(help="Write the token there (mode 0600) instead of showing it.")] = None,
    link: Annotated[bool, typer.Option("--link", help="Give a one-time sign-in link and its QR code, not the token.")] = False,
    hours: Hours = 24,
    qr: Qr = None,
    json: Json = False,
) -> None:
    """Cấp mã / issue a token in all services."""
    wish: dict[str, Any] = {"role": role.value, "area": _area(area).model_dump(), "side": side.value}
    if label is not None:
        wish["label"] = label
    if days is not None:
        wish["expires_at"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    for path in (file, qr):
        if path is not None and path.exists():
            raise in_the_way(path)
    with open_front("operator") as front:
        issued = front.post("/v1/tokens", wish)
        try:
            made = make_link(issued["token"], hours) if link or qr is not None else None
        except Refused:
            front.delete(f"/v1/tokens/{issued['id']}")  # nobody was told of it
            raise
    if file is not None:
        write_secret(file, f"{issued['token']}\n".encode())
    if file is not None or made is not None:
        del issued["token"]
    if not json:
        out.print(f"{issued['id']}  {_who(issued)}", markup=False)
    if file is not None and not json:
        out.print(str(file), markup=False)
    if made is not None:
        _hand_out(made, qr, issued, json=json)
    elif json:
        print_json(issued)
    elif file is None:
        out.print(issued["token"], markup=False)


@app.command("link")
def link_of(
    *,
    file: Annotated[Path | None, typer.Option(help="The file that holds the token; else CLB_TOKEN.")] = None,
    role: Annotated[str | None, typer.Option(help="Or the role whose token the stack keeps: operator, centre.")] = None,
    hours: Hours = 24,
    qr: Qr = None,
    json: Json = False,
) -> None:
    """Liên kết đăng nhập / a one-time link with the rights of a token that you hold."""
    if qr is not None and qr.exists():
        raise in_the_way(qr)
    _hand_out(make_link(_held(file, role), hours), qr, {}, json=json)


@app.command("list")
def listing(json: Json = False) -> None:
    """Liệt kê / every token ever issued."""
    with open_front("operator") as front:
        tokens = front.get("/v1/tokens")["tokens"]
    if json:
        print_json(tokens)
        return
    for token in tokens:
        out.print(f"{token['id']:<18} {_state(token):<12} {_who(token):<40} {token['label']}", markup=False)


@app.command()
def revoke(identity: Annotated[str, typer.Argument(metavar="ID", help="t-..., see `clb token list`")]) -> None:
    """Thu hồi / revoke at once and for ever, in all services."""
    with open_front("operator") as front:
        revoked = front.delete(f"/v1/tokens/{identity}")
    out.print(f"{revoked['id']}  {_state(revoked)}", markup=False)


def _area(text: str) -> PlaceRef:
    try:
        return PlaceRef.parse(text)
    except ValueError:
        raise Refused(
            "unknown-place",
            "Hãy ghi VN, hoặc danh mục và mã: 34:38 (tỉnh), 34:15835 (xã).",
            "Write VN, or the list and the code: 34:38 (province), 34:15835 (commune).",
        ) from None


def _hand_out(link: MadeLink, qr: Path | None, beside: dict[str, Any], *, json: bool) -> None:
    if qr is not None:
        write_qr(link, qr)
    if json:
        print_json({**beside, "link": link.as_json()})
    else:
        show_link(link)


def _held(file: Path | None, role: str | None) -> str:
    try:
        token = token_of(role or "") if file is None else file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        token = None
    if not token:
        raise Refused(
            "token-missing",
            "Không có mã truy cập: đặt CLB_TOKEN, hoặc chỉ ra tệp bằng --file, hoặc vai trò bằng --role.",
            "There is no token: set CLB_TOKEN, or name its file by --file, or the role by --role.",
        )
    return token


def _who(token: dict[str, Any]) -> str:
    return f"{token['role']}/{token['side']}/{token['area']}"


def _state(token: dict[str, Any]) -> str:
    if token["revoked_at"]:
        return word("đã thu hồi", "revoked")
    expires = token["expires_at"]
    if expires and datetime.fromisoformat(expires) <= datetime.now(UTC):
        return word("hết hạn", "expired")
    return word("còn hiệu lực", "valid")
