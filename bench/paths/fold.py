"""R1 to R5, R16 and the ten times larger workload: from Kafka to figures that can be asked for."""

from __future__ import annotations

from bench.core import Goal, Path, rate
from bench.product import Counting, Product
from bench.workload.files import key

R1 = Path(
    "R1",
    "Kafka to queryable in PostgreSQL, one process",
    [Product(), Counting()],
    [Goal("rate against counting only", "product", "counting only", rate, at_least=0.20)],
    key,
    without_answer=["counting only"],
)

R16 = Path(
    "R16",
    "The price of exactly once",
    [Product(), Product("at most once", "bench.work.at_most_once")],
    [Goal("rate against the same projector at most once", "product", "at most once", rate, at_least=0.9)],
    key,
)

PATHS = (R1, R16)
