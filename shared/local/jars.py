"""The jars of Apache Kafka: named and pinned in `kafka.lock.json`, fetched by jgo, kept in the user's cache.

Guarantees that every jar on the class path has the sha256 of the lock file; a jar that has another, or whose connection broke
off, is fetched once more, and refused if that comes again. Refuses to guess versions:
`python -m shared.local.jars` writes the lock.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.kernel.errors import Refused
from shared.local.folders import cache_dir

LOCK_FILE = Path(__file__).with_name("kafka.lock.json")
ENDPOINT = (
    "org.apache.kafka:kafka_2.13:4.4.0!"
    "+org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!"
    "+org.apache.logging.log4j:log4j-core:2.24.3!"
)


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned file: `group:artifact:version`, its sha256 and its size."""

    coordinate: str
    sha256: str
    bytes: int

    @property
    def filename(self) -> str:
        """`artifact-version.jar`."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


Progress = Callable[[str], None]
Fetch = Callable[[Jar, Path], Path]


def read_lock(path: Path = LOCK_FILE) -> list[Jar]:
    """The pinned jars."""
    return [Jar(**entry) for entry in json.loads(path.read_text())["jars"]]


def class_path(progress: Progress, *, jars: Sequence[Jar] | None = None, fetch: Fetch | None = None) -> list[Path]:
    """Every jar of the lock, verified; what is missing is downloaded."""
    wanted = read_lock() if jars is None else jars
    folder = cache_dir() / "kafka"
    folder.mkdir(parents=True, exist_ok=True)
    if missing := _missing(wanted, folder):
        progress(f"Kafka: {len(missing)} jar ({sum(jar.bytes for jar in missing) / 1e6:.0f} MB) -> {folder}")
        try:
            _fetch_all(missing, folder, fetch or _by_python, progress, at_once=8)
        except OSError as failure:
            if shutil.which("mvn") is None:
                raise _unreachable(failure) from failure
            progress(f"Kafka: {type(failure).__name__}; thử bằng Maven / trying Maven, whose settings know mirrors and proxies")
            _fetch_all(_missing(wanted, folder), folder, _by_maven, progress, at_once=1)
    return [folder / jar.filename for jar in wanted]


def _missing(wanted: Sequence[Jar], folder: Path) -> list[Jar]:
    return [jar for jar in wanted if not _is_good(folder / jar.filename, jar)]


def _fetch_all(jars: Sequence[Jar], folder: Path, fetch: Fetch, progress: Progress, *, at_once: int) -> None:
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=folder) as scratch, ThreadPoolExecutor(at_once) as pool:
        fetched = [pool.submit(_fetch_one, jar, folder, Path(scratch), fetch) for jar in jars]
        try:
            for done, one in enumerate(fetched, 1):
                one.result()
                if done % 15 == 0 or done == len(jars):
                    progress(f"Kafka: {done}/{len(jars)} jar")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _is_good(path: Path, jar: Jar) -> bool:
    return path.is_file() and path.stat().st_size == jar.bytes and sha256_of(path) == jar.sha256


def sha256_of(path: Path) -> str:
    """The sha256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_one(jar: Jar, folder: Path, scratch: Path, fetch: Fetch) -> None:
    for attempt in range(2):
        try:
            found = fetch(jar, scratch / str(attempt))
        except OSError:
            if attempt:
                raise
            continue  # a connection that broke off; one that never comes about fails again
        if _is_good(found, jar):
            partial = scratch / f"{jar.filename}.part"
            shutil.copyfile(found, partial)
            partial.replace(folder / jar.filename)
            return
    raise Refused(
        "jar-corrupted",
        f"Tệp {jar.filename} tải về không đúng mã kiểm tra sha256 đã ghi; không dùng. Kiểm tra mạng hoặc máy chủ trung gian.",
        f"{jar.filename} as downloaded does not have the recorded sha256 and is not used. Check the network or the mirror.",
    )


def _by_python(jar: Jar, repository: Path) -> Path:
    """By jgo alone. May raise `OSError`, which the failures of its HTTP library are."""
    from jgo.maven import MavenContext  # noqa: PLC0415 - slow to import and seldom needed

    try:
        return _resolve(MavenContext(repo_cache=repository, timeout=30), jar)
    except RuntimeError as failure:
        raise FileNotFoundError(f"{jar.filename}: {failure}") from failure


def _by_maven(jar: Jar, repository: Path) -> Path:
    """By the Maven that is installed, asked by jgo: the mirrors and proxies of its own settings hold."""
    from jgo.maven import MavenContext, MvnResolver  # noqa: PLC0415 - slow to import and seldom needed

    try:
        return _resolve(MavenContext(resolver=MvnResolver(Path("mvn")), repo_cache=repository, remote_repos={}), jar)
    except (RuntimeError, AssertionError) as failure:
        raise _unreachable(failure) from failure


def _resolve(context: Any, jar: Jar) -> Path:
    group, name, version = jar.coordinate.split(":")
    return context.project(group, name).at_version(version).artifact().resolve()


def _unreachable(failure: Exception) -> Refused:
    reason = type(failure).__name__
    return Refused(
        "download-failed",
        f"Không tải được Kafka ({reason}): kiểm tra mạng; sau proxy thì đặt HTTPS_PROXY (và REQUESTS_CA_BUNDLE nếu proxy có "
        "chứng chỉ riêng), hoặc cài Maven và khai báo máy chủ trung gian trong settings.xml, hoặc đặt KAFKA_BOOTSTRAP.",
        f"Kafka could not be downloaded ({reason}): check the network; behind a proxy set HTTPS_PROXY (and REQUESTS_CA_BUNDLE "
        "if it has a certificate of its own), or install Maven and name the mirror in its settings.xml, or set "
        "KAFKA_BOOTSTRAP.",
    )


def write_lock(path: Path = LOCK_FILE) -> None:
    """Resolve `ENDPOINT` anew and write the lock."""
    from jgo.env import EnvironmentBuilder, LinkStrategy  # noqa: PLC0415 - slow to import and seldom needed
    from jgo.maven import MavenContext  # noqa: PLC0415 - slow to import and seldom needed

    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch, "repository"))
        builder = EnvironmentBuilder(context=context, cache_dir=Path(scratch, "env"), link_strategy=LinkStrategy.COPY)
        builder.from_endpoint(ENDPOINT, main_class="kafka.Kafka")
        jars = [_pin(file, Path(scratch, "repository")) for file in Path(scratch, "repository").rglob("*.jar")]
    entries = sorted(({"coordinate": j.coordinate, "sha256": j.sha256, "bytes": j.bytes} for j in jars), key=str)
    path.write_text(json.dumps({"endpoint": ENDPOINT, "jars": entries}, indent=1) + "\n")


def _pin(file: Path, repository: Path) -> Jar:
    *group, artifact, version, _ = file.relative_to(repository).parts
    return Jar(f"{'.'.join(group)}:{artifact}:{version}", sha256_of(file), file.stat().st_size)


if __name__ == "__main__":
    write_lock()
