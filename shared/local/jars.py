"""The jars of Apache Kafka: named and pinned in `kafka.lock.json`, fetched by jgo, kept in the user's cache.

Guarantees that every jar on the class path has the sha256 of the lock file; a jar that has another is thrown away and
fetched once more, and refused if it comes again. Refuses to guess versions: `python -m shared.local.jars` writes the lock.
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
    missing = [jar for jar in wanted if not _is_good(folder / jar.filename, jar)]
    if missing:
        size = sum(jar.bytes for jar in missing) / 1e6
        progress(f"Kafka: {len(missing)} jar ({size:.0f} MB) -> {folder}")
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=folder) as scratch, ThreadPoolExecutor(8) as pool:
            fetched = [pool.submit(_fetch_one, jar, folder, Path(scratch), fetch or _fetch) for jar in missing]
            for done, one in enumerate(fetched, 1):
                one.result()
                if done % 15 == 0 or done == len(missing):
                    progress(f"Kafka: {done}/{len(missing)} jar")
    return [folder / jar.filename for jar in wanted]


def _is_good(path: Path, jar: Jar) -> bool:
    return path.is_file() and path.stat().st_size == jar.bytes and sha256_of(path) == jar.sha256


def sha256_of(path: Path) -> str:
    """The sha256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_one(jar: Jar, folder: Path, scratch: Path, fetch: Fetch) -> None:
    for attempt in range(2):
        found = fetch(jar, scratch / str(attempt))
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


def _fetch(jar: Jar, repository: Path) -> Path:
    """By jgo's own resolver; if that fails and Maven is installed, by Maven, whose settings know mirrors and proxies."""
    from jgo.maven import MavenContext, MvnResolver  # noqa: PLC0415 - slow to import and seldom needed

    group, name, version = jar.coordinate.split(":")

    def resolve(context: Any) -> Path:
        return context.project(group, name).at_version(version).artifact().resolve()

    try:
        return resolve(MavenContext(repo_cache=repository, timeout=30))
    except Exception as failure:
        mvn = shutil.which("mvn")
        if mvn is not None:
            try:
                return resolve(MavenContext(resolver=MvnResolver(Path(mvn)), repo_cache=repository))
            except Exception:  # noqa: BLE001, S110 - the first failure is the one to tell
                pass
        raise Refused(
            "download-failed",
            f"Không tải được {jar.filename} ({type(failure).__name__}): kiểm tra mạng; sau proxy thì đặt HTTPS_PROXY, "
            "hoặc cài Maven và khai báo máy chủ trung gian trong settings.xml; hoặc đặt KAFKA_BOOTSTRAP tới một Kafka có sẵn.",
            f"{jar.filename} could not be downloaded ({type(failure).__name__}): check the network; behind a proxy "
            "set HTTPS_PROXY, or install Maven and name the mirror in its settings.xml; or set KAFKA_BOOTSTRAP "
            "to a Kafka that exists.",
        ) from failure


def write_lock(path: Path = LOCK_FILE) -> None:
    """Resolve `ENDPOINT` anew and write the lock."""
    from jgo.env import EnvironmentBuilder, LinkStrategy  # noqa: PLC0415 - slow to import and seldom needed
    from jgo.maven import MavenContext  # noqa: PLC0415 - the same

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
