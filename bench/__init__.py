"""The benchmarks of docs/bench.md: one workload, honest peers, ratios measured in the same run. `make bench`."""
