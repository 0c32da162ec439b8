"""`python -m services.clubs serve|relay|project|all|migrate`."""

from __future__ import annotations

import sys

from services.clubs.app import SERVICE
from shared.runtime.service import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
