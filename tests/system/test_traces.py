"""One command followed from HTTP to the feed by its traces: real processes, a real Kafka, a real collector."""

from __future__ import annotations

import asyncio
import sys
import uuid
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from shared.local.process import free_port
from tests.system.collector import Collector, Span, collecting
from tests.system.test_processes import FOUND, Processes, alive, centre, client_of, until

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def started(processes: Processes, **more: str) -> tuple[int, int]:
    """clubs and reporting in all roles behind the front; the ports of the front and of clubs."""
    ports = {name: free_port() for name in ("clubs", "trainings", "monitoring", "reporting")}
    for service in ("clubs", "reporting"):
        await processes.migrated(service)
        env = {
            **processes.signing,
            f"{service.upper()}_DATABASE_URL": processes.urls[service].app,
            "KAFKA_BOOTSTRAP": processes.bootstrap,
            "CLB_PORT": str(ports[service]),
        }
        processes.run([sys.executable, "-m", f"services.{service}", "all"], env | more)
    front = free_port()
    urls = {f"{name.upper()}_URL": f"http://127.0.0.1:{at}" for name, at in ports.items()}
    processes.run([sys.executable, "-m", "shared.web.front"], {**urls, "CLB_PORT": str(front), **more})
    async with client_of(front) as client:
        for path in ("/health", "/clubs/ready", "/reporting/ready"):
            await until(lambda path=path: alive(client, path))
    return front, ports["clubs"]


def the(spans: list[Span], name: str, service: str = "lien-the-clubs") -> Span:
    found = [span for span in spans if (span.name, span.service) == (name, service)]
    assert len(found) == 1, (name, [(span.service, span.name) for span in spans])
    return found[0]


def last_record(bootstrap: str, answer: dict[str, Any]) -> Any:
    """The record of a command's event, read by kafka-python."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    partition = TopicPartition("clubs.events", answer["lane"] % 6)
    consumer.assign([partition])
    try:
        while True:
            for record in consumer.poll(timeout_ms=500).get(partition, []):
                if dict(record.headers)["ce_id"].decode() == answer["events"][0]["id"]:
                    return dict(record.headers)
    finally:
        consumer.close()


async def one_command_with_a_listener(front: int, inner: int, key: str) -> tuple[dict[str, Any], str]:
    """The answer, and the first message about it in the feed."""
    async with client_of(front) as client, client_of(inner) as clubs:
        headers = {**await centre(clubs), "Idempotency-Key": key, "traceparent": CALLER}
        async with client.stream("GET", "/v1/stream") as stream:
            lines = stream.aiter_lines()
            assert (await asyncio.wait_for(anext(lines), 10)).startswith("retry")
            answer = await client.post("/v1/commands", json=FOUND, headers=headers)
            assert answer.status_code == 201
            assert answer.headers.get_list("x-trace-id") == [key.replace("-", "")]
            async with asyncio.timeout(30):
                async for line in lines:
                    if line.startswith("data:") and "clubs.club-founded" in line:
                        return answer.json(), line
    raise AssertionError("the feed ended")


async def test_the_spans_of_one_command_from_http_to_the_views_and_the_feed_are_one_trace_named_by_its_id(
    processes: Processes,
) -> None:
    key = str(uuid.uuid4())
    trace = key.replace("-", "")
    with collecting() as collector:
        endpoint = f"http://127.0.0.1:{collector.port}"
        front, inner = await started(processes, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="100")
        answer, message = await one_command_with_a_listener(front, inner, key)
        await until(lambda: arrived(collector, trace))
        spans, every = collector.of_trace(trace), list(collector.spans)

    http, command, append = (the(spans, name) for name in ("POST /v1/commands", "command clubs.found-club", "append"))
    publish = the(spans, "publish clubs.events")
    outside = the(every, "POST /v1/commands", "lien-the-front")
    assert (http.parent, http.links) == ("", ((outside.trace, outside.id),))
    assert (outside.trace, outside.parent) == tuple(CALLER.split("-")[1:3])
    assert (command.parent, append.parent, publish.parent) == (http.id, command.id, append.id)
    assert http.began <= command.began <= append.began <= append.ended <= command.ended <= http.ended
    assert (append.attributes["lienthe.lane"], append.attributes["lienthe.position"]) == (answer["lane"], answer["position"])
    assert publish.attributes["lienthe.event.id"] == answer["events"][0]["id"]

    projected = [span for span in spans if span.name.startswith("project ")]
    assert {span.service for span in projected} == {"lien-the-clubs", "lien-the-reporting"}
    batches = {span.id: span for span in every if span.name.startswith("project batch ")}
    for span in projected:
        assert span.parent == publish.id
        ((_, batch),) = span.links
        assert (trace, publish.id) in batches[batch].links
    fed = [span for span in every if span.name == "feed send" and (trace, publish.id) in batches[span.parent].links]
    assert fed
    assert batches[fed[0].parent].trace in message

    record = await asyncio.to_thread(last_record, processes.bootstrap, answer)
    assert record["traceparent"] == record["ce_traceparent"] == f"00-{trace}-{publish.id}-01".encode()
    assert not any("health" in span.name or "ready" in span.name for span in every)


async def arrived(collector: Collector, trace: str) -> bool:
    names = [span.name for span in collector.of_trace(trace)]
    services = {span.service for span in collector.of_trace(trace) if span.name.startswith("project ")}
    return (
        {"POST /v1/commands", "append", "publish clubs.events"} <= set(names)
        and len(services) == 2
        and any(span.name == "feed send" for span in collector.spans)
        and any(span.service == "lien-the-front" and span.name == "POST /v1/commands" for span in collector.spans)
    )


async def test_without_an_endpoint_nothing_of_a_trace_is_carried_and_nothing_of_opentelemetry_is_loaded(
    processes: Processes,
) -> None:
    front, inner = await started(processes, PYTHONPROFILEIMPORTTIME="1")
    answer, message = await one_command_with_a_listener(front, inner, str(uuid.uuid4()))
    record = await asyncio.to_thread(last_record, processes.bootstrap, answer)
    assert "traceparent" not in message
    assert not {"traceparent", "ce_traceparent"} & record.keys()
    imported = "".join(path.read_text(errors="replace") for path in processes.folder.glob("*.log"))
    assert "shared.runtime.metrics" in imported
    assert "opentelemetry.sdk.trace" not in imported
    assert "shared.runtime.traced" not in imported
