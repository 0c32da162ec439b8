"""`python -m services.reporting serve|relay|project|all|migrate`."""

from __future__ import annotations

import sys

from services.reporting.app import SERVICE
from shared.runtime.service import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
