"""Who a member is, and what a member may do about it."""
