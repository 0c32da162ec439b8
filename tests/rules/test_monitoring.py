"""What Prometheus and Grafana are given is true: it asks for what exists, and reaches every process of the compose file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.telemetry.catalogue import METRICS

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
BOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/lien-the.json").read_text())
RULES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
SCRAPED: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())

SERIES = {
    metric.name + suffix: set(metric.labels)
    for metric in METRICS
    for suffix in (("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",))
}
GIVEN = {"job", "instance", "le", "status"}
"""Labels that Prometheus gives by itself; and `status` is HTTP's."""

QUERIES = [target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", [])] + [
    rule["expr"] for group in RULES["groups"] for rule in group["rules"]
]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_asks_only_for_metrics_of_the_catalogue_by_labels_that_they_have(query: str) -> None:
    asked = set(re.findall(r"\b(?:lienthe|process)_[a-z_]+", query))
    assert asked
    assert asked <= SERIES.keys()
    labels = {label for group in re.findall(r"\b(?:by|on) \(([a-z, ]+)\)", query) for label in group.split(", ")}
    labels |= set(re.findall(r"([a-z]+)=~?\"", query))
    assert labels <= GIVEN.union(*(SERIES[name] for name in asked))


def test_every_legend_of_the_board_names_a_label_that_its_query_keeps() -> None:
    for panel in BOARD["panels"]:
        for target in panel.get("targets", []):
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            grouped = {label for group in re.findall(r"by \(([a-z, ]+)\)", target["expr"]) for label in group.split(", ")}
            kept = grouped or {"job", "part"}
            assert named <= kept, (panel["title"], target["expr"])


def test_every_panel_has_a_place_of_its_own_and_both_languages() -> None:
    taken = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in BOARD["panels"]]
    assert len(set(taken)) == len(taken) == len({p["id"] for p in BOARD["panels"]})
    assert all(panel["title"] and (panel["type"] == "row" or panel["description"]) for panel in BOARD["panels"])


def test_every_service_and_the_front_is_scraped_where_its_image_listens() -> None:
    port = re.search(r"CLB_METRICS_PORT=(\d+)", DOCKERFILE)
    assert port
    targets = {target for job in SCRAPED["scrape_configs"] for static in job["static_configs"] for target in static["targets"]}
    ours = {name for name, s in COMPOSE["services"].items() if "build" in s and s.get("restart") == "unless-stopped"}
    assert targets == {f"{name}:{port[1]}" for name in ours}
    assert SCRAPED["rule_files"] == ["rules.yml"]


def test_an_image_is_probed_where_it_answers_in_every_role_and_that_port_is_published_by_nobody() -> None:
    (check,) = re.findall(r"HEALTHCHECK.*\\\n(.*)", DOCKERFILE)
    assert "os.environ['CLB_METRICS_PORT'] + '/health'" in check
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") and not port.endswith(":9100") for port in published)


def test_nobody_signs_in_to_the_board_so_that_there_is_no_password_to_forget() -> None:
    environment = COMPOSE["services"]["grafana"]["environment"]
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
