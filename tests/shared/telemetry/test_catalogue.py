"""The catalogue of metrics: complete, in two languages, and the same as the files that follow from it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from shared.telemetry.catalogue import METRICS, of
from shared.telemetry.meters import Meters, Sample
from shared.telemetry.metric import Metric
from shared.telemetry.reference import files

ROOT = Path(__file__).parents[3]
VIETNAMESE = re.compile("[ăâđêôơưáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ]", re.IGNORECASE)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_says_in_both_languages_what_it_is_and_what_to_do(metric: Metric) -> None:
    for words in (metric.means, metric.rises):
        assert VIETNAMESE.search(words.vi)
        assert not VIETNAMESE.search(words.en)
        assert words.vi.endswith((".", ")."))
        assert words.en.endswith((".", ")."))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metrics_name_says_its_kind_and_unit_as_prometheus_wants_it(metric: Metric) -> None:
    assert re.fullmatch(r"(lienthe|process)_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    if metric.unit == "seconds" and metric.kind != "counter":
        assert metric.name.endswith("_seconds")


def test_no_two_metrics_have_one_name_and_every_alert_is_of_its_own_metric() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    alerts = [alert.name for metric in METRICS for alert in metric.alerts]
    assert len(set(alerts)) == len(alerts)
    for metric in METRICS:
        for alert in metric.alerts:
            assert metric.name in alert.expression


def test_the_files_that_follow_from_the_catalogue_are_as_it_says() -> None:
    for name, text in files().items():
        assert (ROOT / name).read_text() == text, f"{name}: run `make metrics`"


def test_the_alerts_are_yaml_whose_action_is_what_the_catalogue_says_to_do() -> None:
    by_name = {metric.name: metric for metric in METRICS}
    (group,) = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"]
    assert len(group["rules"]) == sum(len(metric.alerts) for metric in METRICS) > 10
    for rule in group["rules"]:
        metric = by_name[rule["labels"]["metric"]]
        assert rule["annotations"]["action"] == metric.rises.en
        assert rule["annotations"]["action_vi"] == metric.rises.vi
        assert metric.name in rule["expr"]


async def test_a_reading_that_fails_costs_only_its_own_metrics() -> None:
    meters = Meters({"relay"})

    async def away() -> list[Sample]:
        raise ConnectionError

    async def lanes() -> list[Sample]:
        return [Sample("lienthe_relay_lanes", 7)]

    meters.readings += [away, lanes]
    assert b"\nlienthe_relay_lanes 7.0\n" in await meters.text()


@pytest.mark.parametrize("sample", [Sample("lienthe_invented", 1), Sample("lienthe_relay_lanes", 1, ("a",))])
async def test_what_the_catalogue_does_not_have_is_not_exposed(sample: Sample) -> None:
    meters = Meters({"relay"})

    async def read() -> list[Sample]:
        return [sample]

    meters.readings.append(read)
    with pytest.raises(ValueError, match="lienthe_"):
        await meters.text()


def test_each_role_has_its_own_metrics_and_none_of_another() -> None:
    assert "lienthe_relay_lanes" in of({"relay"})
    assert "lienthe_relay_lanes" not in of({"serve", "front"})
    assert {"process_open_fds", "lienthe_build_info"} <= of({"front"}).keys()
