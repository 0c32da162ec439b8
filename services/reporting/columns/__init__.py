"""The ledger in memory, by columns: what the database holds, at exactly the positions of an answer's own snapshot."""
