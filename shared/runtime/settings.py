"""What a process is told by its environment, checked once at the start.

Guarantees that a process runs with complete and well-formed settings; refuses a missing or malformed one in a sentence
that names the variable. Nothing else in the code reads the environment of a service.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from shared.eventlog.schema import NATIONAL
from shared.eventlog.signing import public_path
from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES

Mode = Literal["production", "development"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one service process. The URLs hold passwords: they are left out of its text form."""

    service: str
    kafka_bootstrap: str
    database_url: str = field(repr=False)
    host: str
    port: int
    mode: Mode
    services: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where the other services are, as far as this one is told: `CLUBS_URL` and so on."""
    public_url: str | None = None
    """`CLB_PUBLIC_URL`: where people find the pages. With https the cookies are for https only."""
    metrics_port: int | None = None
    """`CLB_METRICS_PORT`: where this process answers /health, /ready and /metrics, whatever its roles are."""
    traces: str | None = None
    """The share of traces to record (`OTEL_TRACES_SAMPLER_ARG`, else 1); None if `OTEL_EXPORTER_OTLP_ENDPOINT` is not set."""
    signing: Signing | None = None
    """How checkpoints of the log are signed; a process that relays has it always."""
    public_key: Path | None = None
    """`CLB_PUBLIC_KEY`, else the public half of `CLB_SIGNING_KEY`: what tells the logs' own signature from another's. Every
    process has it."""
    checkpoints: Path | None = None
    """`CLB_CHECKPOINTS`, where revocations are kept too; None: they are in the database alone."""
    verify_seconds: float = 6 * 3600.0
    """`CLB_VERIFY_HOURS` (6): how often the relay's process verifies the log."""


@dataclass(frozen=True, slots=True)
class Signing:
    """`CLB_SIGNING_KEY`, the folder `CLB_CHECKPOINTS`, and `CLB_CHECKPOINT_MINUTES` (10) in seconds."""

    key: Path
    folder: Path
    seconds: float


@dataclass(frozen=True, slots=True)
class MigrateSettings:
    """The settings of `migrate`: the owner's URL, and the role that the service itself will connect as."""

    service: str
    owner_url: str = field(repr=False)
    app_role: str
    deployment: str = NATIONAL
    """`CLB_DEPLOYMENT`: whose log a new one is; `vn` is the centre's."""


@dataclass(frozen=True, slots=True)
class FrontSettings:
    """The settings of the front address: where it listens, and where each service is."""

    host: str
    port: int
    services: Mapping[str, str]
    metrics_port: int | None = None
    traces: str | None = None


def front_settings(services: Sequence[str], environ: Mapping[str, str]) -> FrontSettings:
    """Read the settings of the front, or refuse."""
    for name in services:
        _required(environ, f"{name.upper()}_URL")
    return FrontSettings(
        environ.get("CLB_HOST") or "127.0.0.1",
        _port(environ),
        _services(services, environ),
        _metrics_port(environ),
        _traces(environ),
    )


def service_settings(service: str, environ: Mapping[str, str], roles: Collection[str] = ()) -> Settings:
    """Read the settings of a service process with these roles, or refuse."""
    return Settings(
        service=service,
        kafka_bootstrap=_bootstrap(environ),
        database_url=_database(environ, f"{service.upper()}_DATABASE_URL"),
        host=environ.get("CLB_HOST") or "127.0.0.1",
        port=_port(environ),
        mode=read_mode(environ),
        services=_services(SERVICES, environ),
        public_url=read_public_url(environ),
        metrics_port=_metrics_port(environ),
        traces=_traces(environ),
        signing=read_signing(environ, required="relay" in roles),
        public_key=read_public_key(environ, required=bool(roles)),
        checkpoints=Path(folder) if (folder := environ.get("CLB_CHECKPOINTS", "").strip()) else None,
        verify_seconds=_verify_seconds(environ),
    )


def migrate_settings(service: str, environ: Mapping[str, str]) -> MigrateSettings:
    """Read what `migrate` needs, or refuse. The app role is the user of `{SERVICE}_DATABASE_URL`."""
    prefix = service.upper()
    app = urlsplit(_database(environ, f"{prefix}_DATABASE_URL"))
    if not app.username:
        raise _invalid(f"{prefix}_DATABASE_URL", "phải ghi tên người dùng", "must name a user")
    return MigrateSettings(
        service,
        _database(environ, f"{prefix}_DATABASE_OWNER_URL"),
        app.username,
        environ.get("CLB_DEPLOYMENT", "").strip() or NATIONAL,
    )


def read_mode(environ: Mapping[str, str]) -> Mode:
    """`CLB_MODE`: production unless development is asked for."""
    mode = environ.get("CLB_MODE") or "production"
    if mode not in ("production", "development"):
        raise _invalid("CLB_MODE", "phải là production hoặc development", "must be production or development")
    return mode


def read_public_url(environ: Mapping[str, str]) -> str | None:
    """`CLB_PUBLIC_URL`, without a path: `https://lienthe.example`; None if it is not set."""
    url = environ.get("CLB_PUBLIC_URL", "").strip().rstrip("/")
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or url != f"{parts.scheme}://{parts.netloc.lower()}" or "@" in parts.netloc:
        raise _invalid("CLB_PUBLIC_URL", "phải có dạng https://tên-miền[:cổng]", "must look like https://host[:port]")
    return url


def read_signing(environ: Mapping[str, str], *, required: bool = False) -> Signing | None:
    """How checkpoints are signed; None without a key, unless it is required.

    May refuse: no key where one is required, a key without a folder, a period that is none.
    """
    key = environ.get("CLB_SIGNING_KEY", "").strip()
    if not key:
        if required:
            raise Refused(
                "setting-missing",
                "Thiếu biến môi trường CLB_SIGNING_KEY: relay ký nhật ký để bên đọc không tin điều giả; tạo khoá bằng "
                "./clb checkpoint key TỆP rồi đặt biến này, hoặc khởi động bằng ./clb up.",
                "The environment variable CLB_SIGNING_KEY is missing: a relay signs its log, so that readers believe nothing "
                "false; make a key by ./clb checkpoint key FILE and set it, or start with ./clb up.",
                field="CLB_SIGNING_KEY",
            )
        return None
    minutes = environ.get("CLB_CHECKPOINT_MINUTES", "").strip() or "10"
    try:
        seconds = float(minutes) * 60
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise _invalid("CLB_CHECKPOINT_MINUTES", "phải là số phút, lớn nhất 1440", "must be a number of minutes, at most 1440")
    return Signing(Path(key), Path(_required(environ, "CLB_CHECKPOINTS")), seconds)


def read_public_key(environ: Mapping[str, str], *, required: bool = False) -> Path | None:
    """The file of the public key: `CLB_PUBLIC_KEY`, else `CLB_SIGNING_KEY` with `.pub`; None without either, or refuse."""
    public, key = (environ.get(name, "").strip() for name in ("CLB_PUBLIC_KEY", "CLB_SIGNING_KEY"))
    if public:
        return Path(public)
    if key:
        return public_path(Path(key))
    if required:
        raise Refused(
            "setting-missing",
            "Thiếu biến môi trường CLB_PUBLIC_KEY: mọi tiến trình cần khoá công khai (tệp .pub mà ./clb checkpoint key tạo) để "
            "biết chữ ký nào là của nhật ký; đặt biến này, hoặc khởi động bằng ./clb up.",
            "The environment variable CLB_PUBLIC_KEY is missing: every process needs the public key (the file .pub that ./clb "
            "checkpoint key makes) to know the logs' own signature; set it, or start with ./clb up.",
            field="CLB_PUBLIC_KEY",
        )
    return None


def _verify_seconds(environ: Mapping[str, str]) -> float:
    """`CLB_VERIFY_HOURS`: longer than a week is as good as never."""
    hours = environ.get("CLB_VERIFY_HOURS", "").strip() or "6"
    try:
        seconds = float(hours) * 3600
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 7 * 86_400:
        raise _invalid("CLB_VERIFY_HOURS", "phải là số giờ, lớn nhất 168", "must be a number of hours, at most 168")
    return seconds


def _services(names: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    urls: dict[str, str] = {}
    for name in names:
        variable = f"{name.upper()}_URL"
        url = environ.get(variable, "").strip().rstrip("/")
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise _invalid(variable, "phải có dạng http://máy:cổng", "must look like http://host:port")
        if url:
            urls[name] = url
    return urls


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise Refused(
            "setting-missing",
            f"Thiếu biến môi trường {name}: hãy đặt nó, hoặc khởi động bằng ./clb up.",
            f"The environment variable {name} is missing: set it, or start with ./clb up.",
            field=name,
        )
    return value


def _database(environ: Mapping[str, str], name: str) -> str:
    url = _required(environ, name)
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise _invalid(
            name,
            "phải có dạng postgresql://người-dùng:mật-khẩu@máy:cổng/csdl",
            "must look like postgresql://user:password@host:port/database",
        )
    return url


def _bootstrap(environ: Mapping[str, str]) -> str:
    value = _required(environ, "KAFKA_BOOTSTRAP")
    for address in value.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not port.isdigit():
            raise _invalid("KAFKA_BOOTSTRAP", "phải có dạng máy:cổng[,máy:cổng]", "must look like host:port[,host:port]")
    return value


def _port(environ: Mapping[str, str]) -> int:
    return _port_in("CLB_PORT", environ.get("CLB_PORT") or "8000")


def _metrics_port(environ: Mapping[str, str]) -> int | None:
    text = environ.get("CLB_METRICS_PORT", "").strip()
    port = _port_in("CLB_METRICS_PORT", text) if text else None
    if port == _port(environ):
        raise _invalid("CLB_METRICS_PORT", "phải khác CLB_PORT", "must differ from CLB_PORT")
    return port


def _traces(environ: Mapping[str, str]) -> str | None:
    """The client of OpenTelemetry reads where to send them itself; here it is only whether."""
    wanted = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return (environ.get("OTEL_TRACES_SAMPLER_ARG") or "1") if wanted else None


def _port_in(name: str, text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise _invalid(name, "phải là một số từ 1 đến 65535", "must be a number from 1 to 65535")
    return int(text)


def _invalid(name: str, vi: str, en: str) -> Refused:
    return Refused("setting-invalid", f"Biến môi trường {name} {vi}.", f"The environment variable {name} {en}.", field=name)
