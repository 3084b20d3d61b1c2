"""Badge types, the ledger, jobs, and members with their badges, in the admin."""

from badges.admin import badge_types, jobs, ledger, members

__all__ = ["badge_types", "jobs", "ledger", "members"]
