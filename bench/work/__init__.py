"""Processes of contestants that are ours, each started afresh for a run: they take JSON and answer with one line of JSON."""
