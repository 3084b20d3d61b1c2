"""How fast compiled conditions are over a whole store: `./run bench --conditions`."""
