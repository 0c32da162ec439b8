"""Every process answers for itself, whatever its roles: the metrics of the catalogue, all of them and no others."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from shared.local.process import free_port
from shared.telemetry.catalogue import METRICS
from tests.system.test_processes import FOUND, Processes, alive, centre, client_of, until

Families = dict[str, Any]


def started(processes: Processes, role: str, port: int, metrics_port: int) -> Any:
    env = {
        **processes.signing,
        "CLUBS_DATABASE_URL": processes.urls["clubs"].app,
        "KAFKA_BOOTSTRAP": processes.bootstrap,
        "CLB_PORT": str(port),
        "CLB_METRICS_PORT": str(metrics_port),
        "CLB_VERSION": "7.8.9",
    }
    return processes.run([sys.executable, "-m", "services.clubs", role], env)


async def scraped(port: int) -> Families:
    async with client_of(port) as client:
        answer = await client.get("/metrics")
        assert answer.status_code == 200
        return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(families: Families, name: str, **labels: str) -> float:
    found = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    assert found, f"{name} {labels}"
    return sum(found)


def in_the_catalogue(*roles: str) -> set[str]:
    """Named as the text format names families: a counter without `_total`."""
    return {m.name.removesuffix("_total") if m.kind == "counter" else m.name for m in METRICS if m.parts & set(roles)}


async def test_each_role_alone_exposes_exactly_the_metrics_of_the_catalogue_and_they_tell_of_one_command(
    processes: Processes,
) -> None:
    await processes.migrated("clubs")
    port = free_port()
    ports = {role: free_port() for role in ("serve", "relay", "project", "front")}
    children = [started(processes, role, port if role == "serve" else free_port(), ports[role]) for role in list(ports)[:3]]
    front = free_port()
    urls = {f"{name.upper()}_URL": f"http://127.0.0.1:{port}" for name in ("clubs", "trainings", "monitoring", "reporting")}
    env = {**urls, "CLB_PORT": str(front), "CLB_METRICS_PORT": str(ports["front"]), "CLB_VERSION": "7.8.9"}
    children.append(processes.run([sys.executable, "-m", "shared.web.front"], env))
    async with client_of(front) as client:
        for at in ports.values():
            async with client_of(at) as looked_at:
                await until(lambda looked_at=looked_at: alive(looked_at, "/ready"))
        token = await centre(client)
        assert (await client.post("/v1/commands", json=FOUND, headers=token)).status_code == 201
        refused = {**FOUND, "data": {**FOUND["data"], "founded_on": "1024-03-01"}}
        assert (await client.post("/v1/commands", json=refused, headers=token)).status_code == 422
        await until(lambda: listed(client, token))

    families = {role: await scraped(at) for role, at in ports.items()}
    for role, found in families.items():
        assert set(found) == in_the_catalogue(role), role
        assert value(found, "lienthe_build_info", version="7.8.9", roles=role) == 1
        assert value(found, "process_resident_memory_bytes") > 1e6
    serve, relay, project, facade = families.values()
    of_command = {"type": "clubs.found-club"}
    assert value(serve, "lienthe_commands_total", outcome="recorded", **of_command) == 1
    assert value(serve, "lienthe_http_requests_total", route="/v1/commands", method="POST", status="201") == 1
    assert value(serve, "lienthe_append_events_total") == 1
    assert value(serve, "lienthe_append_commands_sum") == 1
    assert value(serve, "lienthe_command_seconds_count") == 1
    assert value(serve, "lienthe_append_seconds_count") == 1
    assert value(serve, "lienthe_refused_total") == value(facade, "lienthe_http_requests_total", status="422") == 1
    assert value(serve, "lienthe_pool_limit") == 12
    assert value(facade, "lienthe_http_requests_total", route="/v1/commands", status="201") == 1
    assert value(relay, "lienthe_relay_published_total") == 1
    assert value(relay, "lienthe_relay_publish_seconds_count") == 1
    assert value(relay, "lienthe_relay_lanes") == 64
    assert value(relay, "lienthe_relay_backlog") == 0
    assert value(project, "lienthe_view_events_total", outcome="applied") == len(views_of(project))
    assert value(project, "lienthe_view_delay_seconds_count") == len(views_of(project))
    assert value(project, "lienthe_view_lag_events") == 0
    assert value(project, "lienthe_consumer_partitions") >= 6
    assert value(project, "lienthe_log_events") == 1
    for child in children:
        os.kill(child.pid, signal.SIGTERM)
    assert await asyncio.gather(*(asyncio.wait_for(child.finished(), 30) for child in children)) == [0, 0, 0, 0]


def views_of(families: Families) -> set[str]:
    """The views that have met the founding of a club: each has the event once."""
    samples = families["lienthe_view_events"].samples
    return {s.labels["view"] for s in samples if s.labels["outcome"] == "applied" and s.value == 1}


async def listed(client: httpx.AsyncClient, token: dict[str, str]) -> list[Any]:
    return (await client.get("/v1/clubs", headers=token)).json()["clubs"]


async def test_a_process_in_all_roles_exposes_the_whole_catalogue_of_a_service(processes: Processes) -> None:
    await processes.migrated("clubs")
    port, aside = free_port(), free_port()
    started(processes, "all", port, aside)
    async with client_of(aside) as client:
        await until(lambda: alive(client, "/ready"))
        health = (await client.get("/health")).json()
        assert health["parts"] == dict.fromkeys(
            ("guard", "relay", "checkpoints", "refills", "verification", "projections", "web", "operations"), "running"
        )
    async with client_of(port) as client:
        token = await centre(client)
        assert (await client.post("/v1/commands", json=FOUND, headers=token)).status_code == 201
        assert (await client.get("/nowhere")).status_code == 404
        await until(lambda: listed(client, token))
    for at in (port, aside):
        families = await scraped(at)
        assert set(families) == in_the_catalogue("serve", "relay", "project")
        without = {name for name, family in families.items() if not family.samples}
        assert without == {"lienthe_policy_commands"}  # this service has no policy
