"""A package, so that what its tests start is stopped when the last of them has run."""
