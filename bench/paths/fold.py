"""R1 to R5, R16 and the larger and dirty workloads: from Kafka to figures that can be asked for."""

from __future__ import annotations

from bench.core import Goal, Path, cpu, extra, per_cpu_second, rate, seconds
from bench.peer import Peer, Streams
from bench.product import Again, Apart, Counting, Product
from bench.workload.files import key

_SAMPLE = 0.02

R1 = Path(
    "R1",
    "Kafka to queryable in PostgreSQL, one process",
    [Product(), Counting()],
    [Goal("rate against counting only", "product", "counting only", rate, at_least=0.20)],
    key,
    without_answer=["counting only"],
)

R2 = Path(
    "R2",
    "Against one message a call",
    [Product(), Peer("FastStream", "faststream_one", _SAMPLE, own_environment=False, database=True)],
    [
        Goal("rate against FastStream, one message a call, upserting", "product", "FastStream", rate, at_least=60),
        Goal("the same, events a CPU second", "product", "FastStream", per_cpu_second),
    ],
    key,
    note=f"FastStream works on a sample of scale {_SAMPLE:g} at most, and rates are compared.",
)

R3 = Path(
    "R3",
    "Against Kafka Streams, exactly once, one thread",
    [Product(), Streams("Streams, global table", "streams", mode="global"), Streams("Streams, partial sums", "streams")],
    [
        Goal("events a CPU second against one global table", "product", "Streams, global table", per_cpu_second, at_least=1.2),
        Goal("events a CPU second against partial sums", "product", "Streams, partial sums", per_cpu_second, at_least=1),
    ],
    key,
)

R4 = Path(
    "R4",
    "Against Quix Streams and Bytewax",
    [Product(), Peer("Quix", "quix"), Peer("Bytewax", "bytewax_peer")],
    [
        Goal("events a CPU second against Quix Streams, exactly once", "product", "Quix", per_cpu_second, at_least=2.5),
        Goal("events a CPU second against Bytewax with recovery", "product", "Bytewax", per_cpu_second, at_least=1.2),
    ],
    key,
    note="Faust (faust-streaming 0.11 with RocksDB) took its partitions here and then folded nothing: it is left out.",
)

R5 = Path(
    "R5",
    "Full rebuild, two processes",
    [
        Product("product, 2 processes", processes=2),
        Streams("Streams, 2 threads", "streams", threads=2),
        Peer("DuckDB", "duck", threads=2, from_file=True),
    ],
    [
        Goal(
            "rate against Kafka Streams with 2 threads, partial sums",
            "product, 2 processes",
            "Streams, 2 threads",
            rate,
            at_least=1,
        ),
        Goal("time against DuckDB from the file", "product, 2 processes", "DuckDB", seconds, at_most=15),
    ],
    key,
    note="Two members of one group from the first offset, joining it included: what a fresh build beside the live one reads.",
)

R16 = Path(
    "R16",
    "The price of exactly once",
    [Product(), Product("at most once", "bench.work.at_most_once")],
    [Goal("rate against the same projector at most once", "product", "at most once", rate, at_least=0.9)],
    key,
)

W10 = Path(
    "W-10",
    "Ten times the workload",
    [Apart(Again(Product("W ten times"), 10)), Apart(Product("W-10", times=10))],
    [
        Goal("time of ten times the workload against ten times its time", "W-10", "W ten times", seconds, at_most=1.1),
        Goal("the same by CPU, own and PostgreSQL's", "W-10", "W ten times", cpu),
        Goal("peak memory against W", "W-10", "W ten times", extra("peak_rss_mb")),
        Goal("peak memory against the first half of the way", "W-10", None, extra("peak_since_half"), at_most=1.1),
    ],
    rounds=4,
    least_rounds=4,
    note=(
        "Ten times the clubs and the events, against W ten times, one after another and each into a fresh database: both take "
        "as long, so that the machine is looked at for as long. Four rounds, since its speed changes by more than the "
        "goal leaves room for. At most 1.1 is at most 11 times the time of W. Each has servers of its own."
    ),
)

DIRTY = Path(
    "W-dirty",
    "Repeats, delays, poison and late reports",
    [Apart(Product("product on W")), Apart(Product("product on W-dirty", dirty=True))],
    [Goal("rate against W", "product on W-dirty", "product on W", rate)],
    rounds=1,
    note="The poison is parked, the repeats are skipped, and the answer is that of W-dirty's own key.",
)

PATHS = (R1, R2, R3, R4, R5, R16, W10, DIRTY)
