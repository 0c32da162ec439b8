"""Bytewax with recovery: partial sums a partition, snapshots of the state in its recovery store at the end of each epoch."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.peers.task import Clock, Task, answer, header, orders


def main() -> None:
    import bytewax.operators as op
    from bytewax.connectors.kafka import KafkaSource
    from bytewax.dataflow import Dataflow
    from bytewax.operators import StatefulBatchLogic
    from bytewax.recovery import RecoveryConfig, init_db_dir
    from bytewax.testing import TestingSink, run_main

    asked = orders()
    task, clock = Task(asked["places"]), Clock()
    out: list = []

    class Fold(StatefulBatchLogic):
        def __init__(self, state):
            self.clubs, self.sums, self.seen = state or ({}, {}, 0)

        def on_batch(self, values):
            clock.first()
            sums, clubs = self.sums, self.clubs
            for record in values:
                for name, amount in task.deltas(header(record.headers, "ce_type"), record.key.decode(), record.value, clubs.get, clubs.__setitem__):
                    sums[name] = sums.get(name, 0) + amount
            self.seen += len(values)
            return [], False

        def on_eof(self):
            return [(self.seen, self.sums)], True

        def snapshot(self):
            return dict(self.clubs), dict(self.sums), self.seen

    flow = Dataflow("fold")
    source = KafkaSource([asked["bootstrap"]], asked["topics"], tail=False, batch_size=1000, add_config={"fetch.queue.backoff.ms": "1"})
    records = op.input("in", flow, source)
    keyed = op.key_on("partition", records, lambda record: f"{record.topic}/{record.partition}")
    op.output("out", op.stateful_batch("fold", keyed, Fold), TestingSink(out))
    folder = Path(asked["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    init_db_dir(folder, 1)
    run_main(flow, epoch_interval=timedelta(seconds=1), recovery_config=RecoveryConfig(folder))
    spent = clock.read()
    rows: dict[str, int] = {}
    seen = 0
    for _, (count, sums) in out:
        seen += count
        for name, amount in sums.items():
            rows[name] = rows.get(name, 0) + amount
    answer(seen, spent, rows)


if __name__ == "__main__":
    main()
