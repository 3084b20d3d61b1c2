"""Who is at the keyboard: what they reach, and the actor that their changes carry.

Every question of the admin about access is answered here, from roles alone: Django's own
permissions are not used.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from loyalty.actors import Actor, ActorKind, Source
from loyalty.addresses import address_of
from loyalty.models import Access, Administrator, Resource, Store
from loyalty.selectors.access import Reach, reach_of, stores_of

_SESSION_KEY = "store"
STORE_PARAMETER = "store"


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff during one request."""

    id: UUID | None
    actor: Actor
    reach: Reach

    @property
    def is_master(self) -> bool:
        return self.reach.is_master

    def may(self, access: Access, store_id: UUID, *resources: Resource) -> bool:
        """Whether all the resources are open to that extent in the store."""
        wanted = frozenset((store_id, str(resource), str(access)) for resource in resources)
        return self.reach.covers(Reach(permissions=wanted))

    def may_somewhere(self, access: Access, resource: Resource) -> bool:
        """For what belongs to no store: a permission in any role will do, as in the API."""
        return self.is_master or any(
            held == resource and reached in {access, Access.MODIFY}
            for _, held, reached in self.reach.permissions
        )

    def stores(self) -> QuerySet[Store]:
        """The stores that they may enter."""
        return stores_of(self.id).order_by("code") if self.id else Store.objects.none()

    def stores_with(self, access: Access, *resources: Resource) -> QuerySet[Store]:
        """Those of them in which all the resources are open to that extent."""
        if self.is_master:
            return self.stores()
        entered = {store_id for store_id, _, _ in self.reach.permissions}
        return self.stores().filter(
            id__in=[store_id for store_id in entered if self.may(access, store_id, *resources)]
        )


def staff_of(request: HttpRequest) -> Staff:
    """Looked up once a request.  Somebody who is not logged in reaches nothing."""
    found: Staff | None = getattr(request, "_staff", None)
    if found is None:
        user = request.user
        if isinstance(user, Administrator):
            reach, user_id, label = reach_of(user.id), user.id, user.username
        else:
            reach, user_id, label = Reach(), None, ""
        actor = Actor(ActorKind.ADMIN, user_id, label, Source.ADMIN, address_of(request.META))
        found = Staff(user_id, actor, reach)
        request._staff = found  # type: ignore[attr-defined]
    return found


def chosen_store(request: HttpRequest) -> Store | None:
    """The store whose lists and figures are shown; None for somebody who has no store.

    The URL says which one (`?store=CODE`), else the session remembers the last choice, else it
    is the first.  It only decides what is *shown* first: what may be done to a row is asked of
    the row's own store.  A code that is unknown or foreign is a 404.
    """
    if not hasattr(request, "_chosen_store"):
        request._chosen_store = _find_store(request)  # type: ignore[attr-defined]
    found: Store | None = request._chosen_store  # type: ignore[attr-defined]
    return found


def enter_store(request: HttpRequest, store: Store) -> None:
    """Go to the store: this page and the next ones show it."""
    request._chosen_store = store  # type: ignore[attr-defined]
    if request.session.get(_SESSION_KEY) != store.code:
        request.session[_SESSION_KEY] = store.code


def _find_store(request: HttpRequest) -> Store | None:
    stores = staff_of(request).stores()
    code = request.GET.get(STORE_PARAMETER)
    if code is not None:
        named = stores.filter(code__iexact=code).first() if "\0" not in code else None
        if named is None:
            raise Http404
        enter_store(request, named)
        return named
    remembered = request.session.get(_SESSION_KEY)
    if remembered is not None:
        found = stores.filter(code=remembered).first()
        if found is not None:
            return found
    return stores.first()
