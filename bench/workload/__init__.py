"""Workload W: five years of the programme as recorded events, generated from a seed, kept as NDJSON, put into real topics."""
