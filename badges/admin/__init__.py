"""Badge types, rules, the ledger, jobs, and members with their badges, in the admin."""

from badges.admin import badge_types, jobs, ledger, members, rule_groups, rules

__all__ = ["badge_types", "jobs", "ledger", "members", "rule_groups", "rules"]
