"""The tree of conditions that awards a badge: plain data, its JSON, and its compiler to SQL."""
