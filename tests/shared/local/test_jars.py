"""Only jars with the recorded sha256 come onto Kafka's class path."""

import hashlib
import re
import shutil
import ssl

import pytest

from shared.kernel.errors import Refused
from shared.local.jars import LOCK_FILE, Jar, class_path, read_lock

GOOD = b"a jar"
JAR = Jar("org.example:thing:1.0", hashlib.sha256(GOOD).hexdigest(), len(GOOD))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CLB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kafka"


def source(*contents):
    """A repository that answers these bytes, one after the other."""
    left = list(contents)

    def fetch(jar, folder):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / jar.filename
        path.write_bytes(left.pop(0))
        return path

    return fetch


def quiet(_):
    pass


def test_a_jar_is_fetched_once_and_then_taken_from_the_cache(cache):
    assert class_path(quiet, jars=[JAR], fetch=source(GOOD)) == [cache / "thing-1.0.jar"]
    assert class_path(quiet, jars=[JAR], fetch=source()) == [cache / "thing-1.0.jar"]


def test_a_jar_that_comes_corrupted_is_fetched_once_more(cache):
    (path,) = class_path(quiet, jars=[JAR], fetch=source(b"a jaR", GOOD))
    assert path.read_bytes() == GOOD


def test_a_jar_whose_connection_broke_off_is_fetched_once_more_before_anything_else_is_tried(monkeypatch, cache):
    monkeypatch.setattr(shutil, "which", lambda _: pytest.fail("nothing else is asked"))
    answer = source(GOOD)
    broken = [ssl.SSLError("record layer failure")]

    def fetch(jar, folder):
        if broken:
            raise broken.pop()
        return answer(jar, folder)

    (path,) = class_path(quiet, jars=[JAR], fetch=fetch)
    assert path.read_bytes() == GOOD


def test_a_jar_that_stays_corrupted_is_refused_and_not_kept(cache):
    with pytest.raises(Refused) as refused:
        class_path(quiet, jars=[JAR], fetch=source(b"a jaR", b"a jaR"))
    assert refused.value.slug == "jar-corrupted"
    assert "thing-1.0.jar" in refused.value.vi
    assert list(cache.iterdir()) == []


def test_a_jar_that_was_changed_in_the_cache_is_replaced(cache):
    class_path(quiet, jars=[JAR], fetch=source(GOOD))
    (cache / "thing-1.0.jar").write_bytes(b"a jAr")
    (path,) = class_path(quiet, jars=[JAR], fetch=source(GOOD))
    assert path.read_bytes() == GOOD


def test_without_a_network_the_sentence_says_what_to_set(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(Refused) as refused:
        class_path(quiet, jars=[JAR])
    assert refused.value.slug == "download-failed"
    assert "HTTPS_PROXY" in refused.value.vi
    assert "KAFKA_BOOTSTRAP" in refused.value.en


def test_where_python_cannot_reach_the_network_maven_is_asked(monkeypatch, tmp_path, cache):
    def nobody(*_):
        raise ConnectionError("no route")

    program = tmp_path / "bin" / "mvn"
    program.parent.mkdir()
    program.write_text(
        """#!/bin/sh
for argument; do case $argument in -Dmaven.repo.local=*) into=${argument#*=}/org/example/thing/1.0;; esac; done
case "$*" in *dependency:get*-DgroupId=org.example*) mkdir -p "$into"; printf 'a jar' >"$into/thing-1.0.jar";; esac
"""
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    (path,) = class_path(quiet, jars=[JAR], fetch=nobody)
    assert path.read_bytes() == GOOD


def test_the_lock_pins_every_jar_by_sha256_and_names_no_host():
    jars = read_lock()
    assert len(jars) > 30
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) and jar.bytes > 0 for jar in jars)
    assert {jar.coordinate for jar in jars} >= {
        "org.apache.kafka:kafka_2.13:4.4.0",
        "org.apache.kafka:kafka-clients:4.4.0",
        "org.apache.logging.log4j:log4j-core:2.24.3",
    }
    assert "://" not in LOCK_FILE.read_text()
