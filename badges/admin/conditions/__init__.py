"""How a badge is earned: the pages that make conditions, try them, publish and explain them."""
