"""The questions that a figure answers: progress, series, trace, preview."""
