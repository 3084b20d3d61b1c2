"""What is promised of starting, stopping and being killed; with real processes."""
