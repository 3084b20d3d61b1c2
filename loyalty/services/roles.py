"""Roles: which permissions, in which stores."""

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction

from loyalty.actors import Actor
from loyalty.errors import Code, Conflict, Forbidden, Invalid, NotFound, Violation, taken
from loyalty.models import EventName, Role, RolePermission, Store
from loyalty.selectors.access import Reach, reach_of_roles
from loyalty.services.events import differences, record
from loyalty.transactions import writes

Permission = tuple[str, str]


@writes
def create_role(
    *,
    name: str,
    permissions: Sequence[Permission],
    store_codes: Sequence[str],
    actor: Actor,
    reach: Reach,
    is_default: bool = False,
    is_master: bool = False,
) -> Role:
    """Make a role.  A master role needs neither permissions nor stores: it has them all."""
    role = Role(name=name, is_default=is_default, is_master=is_master)
    _save(role)
    _fill(role, permissions, store_codes, reach)
    _check_reach(reach, role)
    _record(role, EventName.ROLE_CREATED, actor, _state(role))
    return role


@writes
def update_role(
    *,
    role_id: int,
    name: str,
    permissions: Sequence[Permission],
    store_codes: Sequence[str],
    is_default: bool,
    actor: Actor,
    reach: Reach,
) -> Role:
    """Replace the role's name, permissions and stores; works from its holders' next request on."""
    role = _locked(role_id)
    _check_reach(reach, role)
    before = _state(role)
    role.name, role.is_default = name, is_default
    _save(role)
    _fill(role, permissions, store_codes, reach)
    _check_reach(reach, role)
    after = _state(role)
    _record(role, EventName.ROLE_UPDATED, actor, {**after, **differences(before, after)})
    return role


@writes
def delete_role(*, role_id: int, actor: Actor, reach: Reach) -> None:
    """Take the role from everyone and delete it.  A master role stays."""
    role = _locked(role_id)
    _check_reach(reach, role)
    if role.is_master:
        raise Conflict("The master role cannot be deleted.")
    _record(role, EventName.ROLE_DELETED, actor, _state(role))
    role.delete()


def _locked(role_id: int) -> Role:
    role = Role.objects.select_for_update().filter(id=role_id).first()
    if role is None:
        raise NotFound
    return role


def _check_reach(reach: Reach, role: Role) -> None:
    """Nobody hands out, changes or takes away what they do not have.  Undoes what was written."""
    if not reach.covers(reach_of_roles([role])):
        raise Forbidden


def _save(role: Role) -> None:
    try:
        with transaction.atomic():
            role.save()
    except IntegrityError:
        raise taken("name", "A role with this name already exists.") from None


def _fill(
    role: Role, permissions: Sequence[Permission], store_codes: Sequence[str], reach: Reach
) -> None:
    wanted = {code.lower() for code in store_codes}
    stores = [store for store in Store.objects.all() if store.code.lower() in wanted]
    if len(stores) != len(wanted):
        # A store out of reach and one that is not there are alike, or codes could be probed.
        if not reach.is_master:
            raise Forbidden
        raise Invalid(Violation(Code.CHOICE, "stores", "One or more of the stores do not exist."))
    role.permissions.all().delete()
    RolePermission.objects.bulk_create(
        RolePermission(role=role, resource=resource, access=access)
        for resource, access in sorted(set(permissions))
    )
    role.stores.set(stores)


def _state(role: Role) -> dict[str, object]:
    permissions = role.permissions.values_list("resource", "access")
    return {
        "name": role.name,
        "isDefault": role.is_default,
        "permissions": sorted(f"{resource}:{access}" for resource, access in permissions),
        "stores": sorted(role.stores.values_list("code", flat=True)),
    }


def _record(role: Role, name: EventName, actor: Actor, data: Mapping[str, object]) -> None:
    record(None, name, subject_kind="role", subject_id=role.id, actor=actor, data=data)
