"""`python -m services.monitoring serve|relay|project|all|migrate`."""

from __future__ import annotations

import sys

from services.monitoring.app import SERVICE
from shared.runtime.service import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
