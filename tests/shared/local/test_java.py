"""Kafka runs on the system's Java if it is new enough, else on the one of the wheel."""

import pytest

from shared.kernel.errors import Refused
from shared.local import java
from shared.local.java import bundled_java, find_java, java_version


def pretend(folder, said):
    """A program called java that says this about itself."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def nothing_else(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def test_a_java_of_17_or_newer_is_taken(nothing_else, monkeypatch, tmp_path):
    program = pretend(tmp_path, 'openjdk version "17.0.15" 2025-04-15')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert find_java() == program


def test_an_older_java_is_passed_over_for_the_bundled_one(nothing_else, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(pretend(tmp_path, 'java version "1.8.0_402"').parent) + ":/usr/bin:/bin")
    assert find_java() == bundled_java()


def test_without_any_java_the_sentence_names_what_was_found_and_what_to_install(nothing_else, monkeypatch, tmp_path):
    pretend(tmp_path, 'openjdk version "11.0.2" 2019-01-15')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin" if not java_version(java.Path("/usr/bin/java")) else str(tmp_path / "empty"))
    monkeypatch.setattr(java, "bundled_java", lambda: None)
    with pytest.raises(Refused) as refused:
        find_java()
    assert refused.value.slug == "java-too-old"
    assert "(11)" in refused.value.vi
    assert "openjdk-17-jre-headless" in refused.value.en


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('java version "1.8.0_402"', 8),
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ("?", None),
    ],
)
def test_the_version_is_read_from_what_java_says(tmp_path, said, version):
    assert java_version(pretend(tmp_path, said)) == version
