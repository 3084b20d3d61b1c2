"""What administrators reach, and whom and what they may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from loyalty.models import Access, Administrator, Role, Store


@dataclass(frozen=True, slots=True)
class Reach:
    """All that roles allow: stores to enter, permissions by store, or everything.

    Whoever hands out access must have it: a role, or a person, is managed only by somebody whose
    reach covers theirs.  To enter a store is access, even with no permission in it: it shows who
    works there.
    """

    is_master: bool = False
    stores: frozenset[UUID] = frozenset()
    permissions: frozenset[tuple[UUID, str, str]] = frozenset()

    def covers(self, other: "Reach") -> bool:
        if self.is_master:
            return True
        return (
            not other.is_master
            and other.stores <= self.stores
            and all(
                (store, resource, access) in self.permissions
                or (access == Access.VIEW and (store, resource, Access.MODIFY) in self.permissions)
                for store, resource, access in other.permissions
            )
        )


EVERYTHING = Reach(is_master=True)
"""The reach of whoever runs commands on the server."""


def reach_of(administrator_id: UUID | None) -> Reach:
    return reach_of_roles(Role.objects.filter(administrators=administrator_id))


def reach_of_roles(roles: Iterable[Role]) -> Reach:
    stores, permissions = set(), set()
    is_master = False
    for role in Role.objects.filter(id__in=[role.id for role in roles]).prefetch_related(
        "stores", "permissions"
    ):
        is_master = is_master or role.is_master
        stores |= {store.id for store in role.stores.all()}
        permissions |= {
            (store.id, permission.resource, permission.access)
            for store in role.stores.all()
            for permission in role.permissions.all()
        }
    return Reach(is_master, frozenset(stores), frozenset(permissions))


def stores_of(administrator_id: UUID | None) -> QuerySet[Store]:
    """The stores that the administrator may enter; all of them for a master role."""
    roles = Role.objects.filter(administrators=administrator_id)
    return Store.objects.filter(
        Exists(roles.filter(is_master=True)) | Exists(roles.filter(stores=OuterRef("id")))
    )


def administrators_seen_by(administrator_id: UUID | None) -> QuerySet[Administrator]:
    """Oneself, and those who share a store; everybody for a master role."""
    mine = Role.objects.filter(administrators=administrator_id)
    shared = Role.objects.filter(
        administrators=OuterRef("id"), stores__in=stores_of(administrator_id)
    )
    return Administrator.objects.filter(
        Q(id=administrator_id) | Exists(mine.filter(is_master=True)) | Exists(shared)
    )


def roles_seen_by(administrator_id: UUID | None) -> QuerySet[Role]:
    """One's own, and those of one's stores; every role for a master role."""
    mine = Role.objects.filter(administrators=administrator_id)
    return Role.objects.filter(
        Exists(mine.filter(is_master=True))
        | Exists(mine.filter(id=OuterRef("id")))
        | Exists(stores_of(administrator_id).filter(roles=OuterRef("id")))
    )
