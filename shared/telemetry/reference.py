"""What follows from the catalogue as files: docs/metrics.md, the alerts of Prometheus, the board of Grafana (`make metrics`).

Guarantees that they are exactly what the catalogue says (`--check` and a test compare). Writes nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.telemetry.board import board
from shared.telemetry.catalogue import METRICS
from shared.telemetry.metric import Metric

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = "docs/metrics.md"
RULES: Final = "deploy/prometheus/rules.yml"
BOARD: Final = "deploy/grafana/lien-the.json"

_HEAD: Final = """\
# Chỉ số vận hành · Metrics

Made by `make metrics` from the catalogue (`shared/telemetry/catalogue*.py`); a test holds both equal. Every process answers
`/metrics`, `/ready` and `/health` on `CLB_METRICS_PORT`, whatever its roles; one that serves also on its own port. The alerts
are in `deploy/prometheus/rules.yml`, the board in `deploy/grafana/lien-the.json`.
"""

_ROLES: Final = ("serve", "relay", "project", "front")


def document() -> str:
    """docs/metrics.md."""
    return _HEAD + "\n" + "\n".join("\n".join(_section(metric)) for metric in METRICS)


def rules() -> str:
    """The alerts as Prometheus reads them: YAML, of which JSON is a part, so that every sentence is quoted rightly."""
    lines = ["# Made by `make metrics` from shared/telemetry/catalogue*.py.", "groups:", "- name: lien-the", "  rules:"]
    for metric in METRICS:
        for alert in metric.alerts:
            lines += [
                f"  - alert: {alert.name}",
                f"    expr: {_quoted(alert.expression)}",
                f"    for: {alert.lasting}",
                f"    labels: {{severity: {alert.severity}, metric: {metric.name}}}",
                "    annotations:",
                f"      summary: {_quoted(metric.means.en)}",
                f"      summary_vi: {_quoted(metric.means.vi)}",
                f"      action: {_quoted(metric.rises.en)}",
                f"      action_vi: {_quoted(metric.rises.vi)}",
            ]
    return "\n".join(lines) + "\n"


def files() -> dict[str, str]:
    """Every file that follows from the catalogue, by its path."""
    return {DOCUMENT: document(), RULES: rules(), BOARD: board()}


def _section(metric: Metric) -> Iterator[str]:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
    roles = ", ".join(role for role in _ROLES if role in metric.parts)
    yield f"## `{metric.name}`\n"
    yield f"{metric.kind}, in {metric.unit}; labels: {labels}; of: {roles}\n"
    yield f"- **Nghĩa là** {metric.means.vi}"
    yield f"- **Khi tăng** {metric.rises.vi}"
    yield f"- **Means** {metric.means.en}"
    yield f"- **When it rises** {metric.rises.en}"
    for alert in metric.alerts:
        lasting = "at once" if alert.lasting == "0m" else f"after {alert.lasting}"
        yield f"- Alert `{alert.name}` ({alert.severity}, {lasting}): `{alert.expression}`"
    yield ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main() -> int:
    """Write the files, or with `--check` say which differ."""
    parser = argparse.ArgumentParser(description="docs/metrics.md and the alerts, from the catalogue")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file differs")
    check = parser.parse_args().check
    stale = [name for name, text in files().items() if not (ROOT / name).exists() or (ROOT / name).read_text() != text]
    for name in stale:
        if check:
            print(f"{name}: chạy `make metrics` / run `make metrics`", file=sys.stderr)
        else:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(files()[name])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
