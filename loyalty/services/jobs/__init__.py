"""Bulk work: created, worked on chunk by chunk, paused, resumed, cancelled and undone."""
