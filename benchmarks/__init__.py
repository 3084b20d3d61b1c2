"""How fast Rosette is, beside what the same SQL costs by itself: `./run bench`."""
