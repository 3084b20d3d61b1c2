"""Members and what they did, in the admin.

The badges app registers the class of members, with badges added to its pages.
"""

from members.admin import activity, event_schemas, member_lists, points

__all__ = ["activity", "event_schemas", "member_lists", "points"]
