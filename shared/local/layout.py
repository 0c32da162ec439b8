"""The shape of the local stack: which processes there are, on which ports, and what each is told.

Guarantees that a process gets only the database URL of its own service, and that ports stay the same across restarts while
they are free. Refuses an address that was asked for and is taken.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES
from shared.local.databases import DatabaseUrls
from shared.local.process import Launch, free_port, port_taken
from shared.local.state import ROOT, Remembered

SERVERS = ("kafka", "kafka-controller", "postgres")
FRONT_PORT = 8080
HOST = "127.0.0.1"


def choose_ports(remembered: Remembered) -> dict[str, int]:
    """A port for every process but the front: the one of the last time if it is free."""
    ports: dict[str, int] = {}
    for name in (*SERVERS, *SERVICES):
        ports[name] = free_port(remembered.ports.get(name), besides=list(ports.values()))
    return ports


def choose_front_port(remembered: Remembered, asked: int | None) -> int:
    """The port that was asked for, or refuse (`port-taken`); else the one of the last time, 8080 at first, if it is free."""
    if asked is None:
        others = [port for name, port in remembered.ports.items() if name != "front"]
        return free_port(remembered.ports.get("front", FRONT_PORT), besides=others)
    if port_taken(asked):
        raise Refused(
            "port-taken",
            f"Cổng {asked} đang có chương trình khác dùng: chọn --port khác hoặc dừng chương trình đó.",
            f"Port {asked} is used by another program: choose another --port or stop that program.",
        )
    return asked


def service_launch(
    name: str,
    logs: Path,
    *,
    bootstrap: str,
    urls: DatabaseUrls,
    ports: Mapping[str, int],
    signing: Mapping[str, str] | None = None,
) -> Launch:
    """One process with all roles of a service, told where the others are. `signing`: with which key it signs checkpoints and
    where it keeps them, as settings."""
    env = {
        **(signing or {}),
        "CLB_HOST": HOST,
        "CLB_PORT": str(ports[name]),
        "KAFKA_BOOTSTRAP": bootstrap,
        f"{name.upper()}_DATABASE_URL": urls.app,
        **addresses(ports),
    }
    return Launch(name, _python(f"services.{name}", "all"), logs / f"{name}.log", {**_common(), **env})


def migrate_launch(
    name: str,
    logs: Path,
    *,
    urls: DatabaseUrls,
    operator_hash: str | None,
    simulated: bool,
    settings: Mapping[str, str] | None = None,
) -> Launch:
    """The step that makes a service's tables, run as the owner. The operator's token is known there by its hash; without one
    the operator stays who it was."""
    env = {f"{name.upper()}_DATABASE_URL": urls.app, f"{name.upper()}_DATABASE_OWNER_URL": urls.owner, **(settings or {})}
    arguments = ["migrate", *(["--operator-token-hash", operator_hash] if operator_hash else [])]
    arguments += ["--simulated"] if simulated else []
    return Launch(
        f"{name} migrate", _python(f"services.{name}", *arguments), logs / f"{name}-migrate.log", {**_common(), **env}
    )


def service_command(
    name: str,
    arguments: Sequence[str],
    *,
    bootstrap: str,
    urls: DatabaseUrls,
    public_key: Path,
    services: Mapping[str, str] | None = None,
) -> tuple[list[str], dict[str, str]]:
    """A service's own command (`views ...`, `recover`), and its environment: it needs the owner's URL too, and where the other
    services are, as `addresses` says it."""
    prefix = name.upper()
    env = {
        "CLB_PUBLIC_KEY": str(public_key),
        "KAFKA_BOOTSTRAP": bootstrap,
        f"{prefix}_DATABASE_URL": urls.app,
        f"{prefix}_DATABASE_OWNER_URL": urls.owner,
        **(services or {}),
    }
    return _python(f"services.{name}", *arguments), {**_common(), **env}


def front_launch(logs: Path, *, port: int, service_urls: Mapping[str, str]) -> Launch:
    """The one address that serves pages and the APIs of all services."""
    env = {"CLB_HOST": HOST, "CLB_PORT": str(port), **{f"{name.upper()}_URL": url for name, url in service_urls.items()}}
    return Launch("front", _python("shared.web.front"), logs / "front.log", {**_common(), **env})


def addresses(ports: Mapping[str, int]) -> dict[str, str]:
    """Where the services are, as settings: `CLUBS_URL` and so on."""
    return {f"{name.upper()}_URL": http(ports[name]) for name in SERVICES if name in ports}


def http(port: int) -> str:
    """The address of a process on this machine."""
    return f"http://{HOST}:{port}"


def code_digest(*others: object) -> str:
    """A digest of all code that could make tables, and of what else they depend on."""
    digest = hashlib.sha256(repr(others).encode())
    for path in sorted(
        path for folder in ("shared", "services") for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".sql")
    ):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", module, *arguments]


def _common() -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(("_DATABASE_URL", "_DATABASE_OWNER_URL")) and name != "CLB_METRICS_PORT"
    }
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
