"""`eventsourcing` 9.5 appending by its own PostgreSQL recorder: processes x threads, each event awaited before the next.

A program of its own, run with the peers' Python; its orders come as JSON on stdin, its figures go as JSON to stdout.
"""

import json
import multiprocessing
import sys
import threading
import time
from uuid import uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import Factory
from eventsourcing.utils import Environment

def recorder(orders: dict, size: int):
    env = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": orders["database"],
        "POSTGRES_HOST": orders["host"],
        "POSTGRES_PORT": str(orders["port"]),
        "POSTGRES_USER": orders["user"],
        "POSTGRES_PASSWORD": orders["password"],
        "POSTGRES_POOL_SIZE": str(size),
        "POSTGRES_MAX_OVERFLOW": "0",
        "POSTGRES_ENABLE_DB_FUNCTIONS": "y" if orders["functions"] else "n",
    }
    factory = Factory(Environment("bench", env))
    return factory, factory.application_recorder()


def process(orders: dict, barrier, results) -> None:
    threads = orders["threads"]
    factory, store = recorder(orders, threads)
    each = orders["count"] // (orders["processes"] * threads)
    states = [text.encode() for text in orders["states"]]
    latencies: list[list[float]] = [[] for _ in range(threads)]

    def send(own: list[float], count: int) -> None:
        for number in range(count):
            event = StoredEvent(uuid4(), 1, "bench:MembersReported", states[number % len(states)])
            began = time.perf_counter()
            store.insert_events([event])
            own.append(time.perf_counter() - began)

    def at_once(count: int) -> None:
        workers = [threading.Thread(target=send, args=(own, count)) for own in latencies]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    at_once(5)
    for own in latencies:
        own.clear()
    barrier.wait()
    began = time.time()
    at_once(each)
    results.put((began, time.time(), [one for own in latencies for one in own]))
    factory.close()


def main() -> None:
    orders = json.load(sys.stdin)
    factory, _ = recorder(orders, 1)  # makes the table and the functions
    factory.close()
    context = multiprocessing.get_context("spawn")  # a fork would take over a pool whose threads it does not have
    barrier = context.Barrier(orders["processes"], timeout=60)
    results = context.Queue()
    workers = [context.Process(target=process, args=(orders, barrier, results)) for _ in range(orders["processes"])]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    ordered = sorted(one for _, _, latencies in found for one in latencies)
    print(
        json.dumps(
            {
                "seconds": max(end for _, end, _ in found) - min(began for began, _, _ in found),
                "events": len(ordered),
                "p50_ms": ordered[len(ordered) // 2] * 1e3,
                "p99_ms": ordered[len(ordered) * 99 // 100] * 1e3,
            }
        )
    )


if __name__ == "__main__":
    main()
