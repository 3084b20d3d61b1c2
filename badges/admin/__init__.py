"""Badge types, the ledger, and members with their badges, in the admin."""

from badges.admin import badge_types, ledger, members

__all__ = ["badge_types", "ledger", "members"]
