"""The board (bảng theo dõi) of the system for Grafana: rows from the way in to the views, each panel one question. Pure.

Guarantees that a panel asks for metrics of the catalogue only (a test reads the queries back out of the file) and that every
panel says in both languages what it shows. Refuses nothing.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}


class Panel(NamedTuple):
    """One question: its titles, its unit as Grafana names it, and the queries with their legends."""

    vi: str
    en: str
    unit: str
    queries: tuple[tuple[str, str], ...]


class Row(NamedTuple):
    """Panels that belong together."""

    vi: str
    en: str
    panels: tuple[Panel, ...]


def _quantile(metric: str, by: str) -> str:
    return f"histogram_quantile(0.99, sum by ({by}, le) (rate({metric}_bucket[$__rate_interval])))"


def _rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


ROWS: Final = (
    Row(
        "Hệ thống có làm việc không",
        "Does it work",
        (
            Panel(
                "Phần chưa sẵn sàng",
                "Parts that are not ready",
                "none",
                (("lienthe_ready == 0", "{{job}} {{part}}"), ("lienthe_degraded > 0", "{{job}} degraded")),
            ),
            Panel(
                "Chậm từ lúc ghi đến lúc thấy",
                "From recording to seeing, 99th percentile",
                "s",
                ((_quantile("lienthe_view_delay_seconds", "view"), "{{view}}"),),
            ),
            Panel("Phiên bản", "Versions", "none", (("count by (job, version) (lienthe_build_info)", "{{job}} {{version}}"),)),
        ),
    ),
    Row(
        "Đầu vào",
        "The way in",
        (
            Panel(
                "Yêu cầu mỗi giây",
                "Requests a second",
                "reqps",
                ((_rate("lienthe_http_requests_total", "job, status"), "{{job}} {{status}}"),),
            ),
            Panel(
                "Thời gian trả lời",
                "Time to answer, 99th percentile",
                "s",
                ((_quantile("lienthe_http_seconds", "job"), "{{job}}"),),
            ),
            Panel("Lệnh mỗi giây", "Commands a second", "cps", ((_rate("lienthe_commands_total", "outcome"), "{{outcome}}"),)),
            Panel("Từ chối mỗi giây", "Refusals a second", "cps", ((_rate("lienthe_refused_total", "slug"), "{{slug}}"),)),
            Panel(
                "Ghi vào sổ",
                "Appends, 99th percentile",
                "s",
                (
                    (_quantile("lienthe_append_seconds", "job"), "{{job}}"),
                    (_quantile("lienthe_command_seconds", "job"), "{{job}} with the decision"),
                ),
            ),
            Panel(
                "Cỡ lô ghi và lệnh đang chờ",
                "Commands an append, and commands that wait",
                "none",
                (
                    (
                        f"{_rate('lienthe_append_commands_sum', 'job')} / {_rate('lienthe_append_commands_count', 'job')}",
                        "{{job}}",
                    ),
                    ("sum by (job) (lienthe_append_waiting)", "{{job}} waiting"),
                ),
            ),
        ),
    ),
    Row(
        "Từ sổ đến Kafka",
        "From the log to Kafka",
        (
            Panel("Sự kiện trong sổ", "Events in the log", "short", (("max by (job) (lienthe_log_events)", "{{job}}"),)),
            Panel("Chờ lên Kafka", "Backlog", "short", (("max by (job) (lienthe_relay_backlog)", "{{job}}"),)),
            Panel(
                "Đưa lên mỗi giây",
                "Published a second",
                "eps",
                ((_rate("lienthe_relay_published_total", "job"), "{{job}}"),),
            ),
            Panel(
                "Làn đang giữ, lần hỏng",
                "Lanes held, failures",
                "none",
                (
                    ("sum by (job) (lienthe_relay_lanes)", "{{job}}"),
                    ("sum by (job, cause) (increase(lienthe_relay_failures_total[$__rate_interval]))", "{{job}} {{cause}}"),
                ),
            ),
        ),
    ),
    Row(
        "Có đúng không",
        "Is it true",
        (
            Panel(
                "Kiểm nhật ký thấy sai, sổ lùi về quá khứ",
                "Findings, logs that went back",
                "none",
                (
                    ("max by (job) (lienthe_verification_findings)", "{{job}}"),
                    ("max by (job) (lienthe_log_closed)", "{{job}} closed"),
                ),
            ),
            Panel(
                "Đã bao lâu từ lần kiểm tốt, từ lần ký",
                "Since the last sound verification, since the last signature",
                "s",
                (
                    ("min by (job) (lienthe_verified_age_seconds)", "{{job}}"),
                    ("min by (job) (lienthe_signed_age_seconds)", "{{job}} signed"),
                ),
            ),
            Panel(
                "Bản ghi để ngoài, làn tranh chấp",
                "Records set aside, lanes in dispute",
                "none",
                (
                    ("max by (job, kind) (lienthe_set_aside_records)", "{{job}} {{kind}}"),
                    ("sum by (job, why) (lienthe_lanes_disputed)", "{{job}} {{why}}"),
                ),
            ),
        ),
    ),
    Row(
        "Từ Kafka đến bảng tổng hợp",
        "From Kafka to the views",
        (
            Panel(
                "Chậm bao nhiêu sự kiện",
                "Events behind",
                "short",
                (("sum by (view, source) (lienthe_view_lag_events)", "{{view}} {{source}}"),),
            ),
            Panel(
                "Chậm bao lâu",
                "Seconds behind",
                "s",
                (("max by (view, source) (lienthe_view_lag_seconds)", "{{view}} {{source}}"),),
            ),
            Panel(
                "Sự kiện mỗi giây",
                "Events a second",
                "eps",
                ((_rate("lienthe_view_events_total", "view, outcome"), "{{view}} {{outcome}}"),),
            ),
            Panel(
                "Làn dừng, bảng đỏ, sự kiện để riêng",
                "Lanes stopped, red views, parked events",
                "none",
                (
                    ("sum by (view) (lienthe_view_gaps)", "{{view}} gaps"),
                    ("max by (view) (lienthe_view_red)", "{{view}} red"),
                    ("max by (job) (lienthe_parked_events)", "{{job}} parked"),
                ),
            ),
            Panel(
                "Chia lại phân vùng, lô hỏng",
                "Assignments, failed batches",
                "none",
                (
                    ("sum by (job) (increase(lienthe_consumer_assignments_total[$__rate_interval]))", "{{job}} assignments"),
                    ("sum by (job) (increase(lienthe_consumer_failures_total[$__rate_interval]))", "{{job}} failures"),
                ),
            ),
            Panel(
                "Lệnh của chính sách",
                "Commands of policies",
                "cps",
                ((_rate("lienthe_policy_commands_total", "policy, outcome"), "{{policy}} {{outcome}}"),),
            ),
        ),
    ),
    Row(
        "Người dùng và tiến trình",
        "People and processes",
        (
            Panel(
                "Người nghe, phiên đăng nhập",
                "Listeners, sessions",
                "none",
                (("sum(lienthe_feed_listeners)", "listeners"), ("max(lienthe_sessions)", "sessions")),
            ),
            Panel(
                "Kết nối PostgreSQL",
                "PostgreSQL connections",
                "none",
                (
                    ('sum by (job) (lienthe_pool_connections{state="used"})', "{{job}} used"),
                    ("sum by (job) (lienthe_pool_limit)", "{{job}} limit"),
                ),
            ),
            Panel("CPU", "CPU", "none", ((_rate("process_cpu_seconds_total", "job"), "{{job}}"),)),
            Panel("Bộ nhớ", "Memory", "bytes", (("max by (job) (process_resident_memory_bytes)", "{{job}}"),)),
            Panel("Vòng lặp trễ", "Event loop late", "s", (("max by (job) (lienthe_loop_lag_seconds)", "{{job}}"),)),
        ),
    ),
)


def board() -> str:
    """The dashboard as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row in ROWS:
        place = {"x": 0, "y": y, "w": 24, "h": 1}
        panels.append({"id": len(panels) + 1, "type": "row", "title": f"{row.vi} · {row.en}", "gridPos": place, "panels": []})
        y += 1
        for number, panel in enumerate(row.panels):
            at = {"x": number % 3 * 8, "y": y + number // 3 * 8, "w": 8, "h": 8}
            panels.append(_panel(panel, len(panels) + 1, at))
        y += -(-len(row.panels) // 3) * 8
    content = {
        "uid": "lien-the",
        "title": "Liên Thế",
        "description": "Made by `make metrics` from shared/telemetry/board.py; what each metric means: docs/metrics.md.",
        "schemaVersion": 41,
        "timezone": "browser",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": panels,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _panel(panel: Panel, number: int, at: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.vi,
        "description": panel.en,
        "gridPos": at,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {"refId": chr(65 + place), "expr": query, "legendFormat": legend, "datasource": _SOURCE}
            for place, (query, legend) in enumerate(panel.queries)
        ],
    }
