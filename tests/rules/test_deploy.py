"""docker-compose.yml and the Dockerfile are true: they parse, name what exists, and have no default password."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = ("clubs", "trainings", "monitoring", "reporting")
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


def module_exists(command: list[str]) -> bool:
    path = ROOT / command[command.index("-m") + 1].replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


def test_the_compose_file_has_the_two_servers_the_four_services_and_the_front() -> None:
    assert {"kafka", "postgres", "front", *SERVICES} <= set(COMPOSE["services"])
    assert COMPOSE["services"]["kafka"]["image"].startswith("apache/kafka:4.")
    assert COMPOSE["services"]["postgres"]["image"] == "postgres:18"


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_command_names_a_module_that_exists(name: str) -> None:
    command = COMPOSE["services"][name].get("command")
    assert command is None or module_exists(command)


@pytest.mark.parametrize("name", [name for name, s in COMPOSE["services"].items() if s.get("restart") == "unless-stopped"])
def test_every_long_running_container_has_a_health_check(name: str) -> None:
    service = COMPOSE["services"][name]
    assert "healthcheck" in service or ("build" in service and "HEALTHCHECK" in DOCKERFILE)


def test_every_dependency_names_a_service_of_the_file() -> None:
    for service in COMPOSE["services"].values():
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])


def test_no_password_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.findall(r"\$\{[A-Z_]+:-", text)
    demanded = set(re.findall(r"\$\{([A-Z_]*(?:PASSWORD|HASH)):\?", text))
    example = (ROOT / "deploy/compose.env.example").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in example if line and not line.startswith("#"))
    assert set(settings) == demanded
    assert set(settings.values()) == {""}


def test_every_mounted_file_exists_and_the_database_script_is_valid_shell() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (ROOT / source).exists()
    subprocess.run(["sh", "-n", str(ROOT / "deploy/postgres/databases.sh")], check=True)


@pytest.mark.parametrize("service", SERVICES)
def test_the_database_script_makes_what_the_addresses_name(service: str) -> None:
    script = (ROOT / "deploy/postgres/databases.sh").read_text()
    assert f"create {service} " in script
    environment = COMPOSE["services"][service]["environment"]
    assert environment[f"{service.upper()}_DATABASE_URL"].endswith(f"/lienthe_{service}")


def mounts(name: str) -> dict[str, str]:
    """Path to volume (and mode) of a container."""
    found = (volume.split(":", 1) for volume in COMPOSE["services"][name].get("volumes", []))
    return {rest: volume for volume, rest in found}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_signs_with_a_key_that_a_job_made_and_keeps_what_it_signed(service: str) -> None:
    found, environment = mounts(service), COMPOSE["services"][service]["environment"]
    assert found == {"/keys:ro": "signing-key", "/public:ro": "public-key", "/checkpoints": "checkpoints"}
    assert environment["CLB_SIGNING_KEY"] in COMPOSE["services"]["keys"]["command"]
    assert environment["CLB_PUBLIC_KEY"] in COMPOSE["services"]["keys"]["command"]
    assert environment["CLB_CHECKPOINTS"] == "/checkpoints"
    assert COMPOSE["services"][service]["depends_on"]["keys"] == {"condition": "service_completed_successfully"}
    assert mounts("keys") == {"/keys": "signing-key", "/public": "public-key"}
    assert {"signing-key", "public-key", "checkpoints"} <= set(COMPOSE["volumes"])
    assert all(folder in DOCKERFILE for folder in ("/keys", "/public", "/checkpoints"))


def test_who_has_an_owners_password_or_faces_the_network_has_no_signing_key() -> None:
    for name, container in COMPOSE["services"].items():
        if name not in (*SERVICES, "keys"):
            assert "signing-key" not in mounts(name).values()
            assert "CLB_SIGNING_KEY" not in container.get("environment", {})


def test_the_image_copies_only_what_exists_runs_as_nobody_special_and_installs_by_hash() -> None:
    for line in DOCKERFILE.splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
    assert re.search(r"^USER 10001$", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE
    assert "latest" not in DOCKERFILE


def test_every_from_line_is_pinned_to_a_version() -> None:
    for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE):
        assert re.search(r":\d", image), image
