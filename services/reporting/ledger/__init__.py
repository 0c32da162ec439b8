"""The ledger (sổ cái): events become signed entries, and every figure is a sum of entries."""
