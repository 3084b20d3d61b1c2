"""The kernel: stores, access, events and the API machinery that every other app stands on."""
