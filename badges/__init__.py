"""Badge types, the badge ledger, and the badges that members hold."""
