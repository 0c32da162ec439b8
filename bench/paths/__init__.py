"""The measured paths. Each module here names its own in `PATHS`, a tuple of `bench.core.Path`; nothing else registers them."""
