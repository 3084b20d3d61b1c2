"""What one member of staff may hand out to another: never more than they have themselves."""

from django.db.models import Exists, OuterRef, QuerySet

from loyalty.admin.staff import Staff
from loyalty.models import Administrator, Role
from loyalty.selectors.access import administrators_seen_by, reach_of_roles, roles_seen_by


def roles_to_give(staff: Staff) -> list[Role]:
    """The roles whose reach theirs covers."""
    if staff.id is None:
        return []
    seen = roles_seen_by(staff.id)
    if staff.is_master:
        return list(seen)
    return [role for role in seen if staff.reach.covers(reach_of_roles([role]))]


def administrators_below(staff: Staff) -> QuerySet[Administrator]:
    """Those who may do nothing that they may not do themselves."""
    seen = administrators_seen_by(staff.id)
    if staff.is_master:
        return seen
    given = [role.id for role in roles_to_give(staff)]
    beyond = Role.objects.filter(administrators=OuterRef("id")).exclude(id__in=given)
    return seen.exclude(Exists(beyond))
