"""How fast bulk work is, and how little it disturbs: `./run bench --jobs`."""
