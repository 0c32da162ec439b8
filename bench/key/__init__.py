"""The answer key of workload W, computed twice by code that shares nothing with the product or with each other."""
