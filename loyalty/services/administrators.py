"""Administrators: the people of the staff, and the accounts of integrations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from loyalty.actors import Actor
from loyalty.errors import Code, Forbidden, Invalid, NotFound, Violation, taken
from loyalty.models import Administrator, EventName, Role
from loyalty.selectors.access import Reach, reach_of, reach_of_roles
from loyalty.services.events import differences, record
from loyalty.services.login import Attempt, password_fits
from loyalty.services.sessions import end_administrator_sessions
from loyalty.transactions import writes


@writes
def create_administrator(
    *,
    email: str,
    role_ids: Sequence[int],
    actor: Actor,
    reach: Reach,
    username: str | None = None,
    password: str | None = None,
    **details: Any,
) -> Administrator:
    """Add an administrator.  The username is the e-mail address unless another is given.

    Whoever is not `external` logs in and needs a password.  Without roles, the default ones are
    given.  `details` are model fields.
    """
    administrator = Administrator(email=email, username=username or email, **details)
    if not role_ids:
        role_ids = list(Role.objects.filter(is_default=True).values_list("id", flat=True))
    roles = _roles(role_ids, reach)
    if password is not None:
        _set_password(administrator, password, path="plainPassword")
    elif administrator.external:
        administrator.password = make_password(None)
    else:
        message = "This value should not be blank."
        raise Invalid(Violation(Code.BLANK, "plainPassword", message))
    _save(administrator)
    administrator.roles.set(roles)
    _record(administrator, EventName.ADMINISTRATOR_CREATED, actor, {"roles": sorted(role_ids)})
    return administrator


@writes
def update_administrator(
    *,
    administrator: Administrator,
    actor: Actor,
    reach: Reach,
    role_ids: Sequence[int] | None = None,
    password: str | None = None,
    **details: Any,
) -> Administrator:
    """Change the given fields.  A new password, or deactivation, ends every session at once."""
    administrator = _locked(administrator)
    check_manages(reach, administrator)
    changed = sorted(
        name for name, value in details.items() if getattr(administrator, name) != value
    )
    was_active = administrator.is_active
    for name in changed:
        setattr(administrator, name, details[name])
    if password is not None:
        _set_password(administrator, password, path="plainPassword")
        changed.append("password")
    if password is not None or ("is_active" in changed and not administrator.is_active):
        _end_access(administrator)
    _save(administrator)
    roles = sorted(role.id for role in administrator.roles.all())
    before: dict[str, object] = {"isActive": was_active, "roles": roles}
    after: dict[str, object] = {"isActive": administrator.is_active}
    if role_ids is not None and roles != sorted(set(role_ids)):
        administrator.roles.set(_roles(role_ids, reach))
        changed.append("roles")
        after["roles"] = sorted(set(role_ids))
    # Of what says who somebody is, the names alone.
    _record(
        administrator, EventName.ADMINISTRATOR_UPDATED, actor,
        {"changed": changed, **differences(before, after)},
    )  # fmt: skip
    return administrator


@writes
def change_own_password(
    *, administrator: Administrator, current_password: str, new_password: str, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Change one's own password; every token given out before stops working."""
    administrator = _locked(administrator)
    if not password_fits(current_password, administrator.password):
        message = "The current password is not right."
        raise Invalid(Violation(Code.PASSWORD, "currentPassword", message))
    _set_password(administrator, new_password, path="plainPassword")
    _end_access(administrator)
    administrator.last_login = now
    administrator.save()
    _record(administrator, EventName.ADMINISTRATOR_PASSWORD_CHANGED, actor, {})


def count_password_attempt(administrator: Administrator, *, actor: Actor, now: datetime) -> Attempt:
    """A wrong current password counts like a failed login: a stolen token must not guess it."""
    attempt = Attempt("admin", administrator.username, actor.address, now=now)
    attempt.begin()
    return attempt


def _locked(administrator: Administrator) -> Administrator:
    found = Administrator.objects.select_for_update().filter(id=administrator.id).first()
    if found is None:
        raise NotFound
    return found


def _end_access(administrator: Administrator) -> None:
    administrator.token_version = F("token_version") + 1
    end_administrator_sessions(administrator)


def check_manages(reach: Reach, administrator: Administrator) -> None:
    """Nobody changes somebody who may do more than they may: it would be a way up."""
    if not reach.covers(reach_of(administrator.id)):
        raise Forbidden


def _roles(role_ids: Sequence[int], reach: Reach) -> list[Role]:
    roles = list(Role.objects.filter(id__in=role_ids))
    exist = len(roles) == len(set(role_ids))
    # A role out of reach and one that is not there are alike, or numbers could be probed.
    if not reach.is_master and not (exist and reach.covers(reach_of_roles(roles))):
        raise Forbidden
    if not exist:
        raise Invalid(Violation(Code.CHOICE, "roles", "One or more of the roles do not exist."))
    return roles


def _set_password(administrator: Administrator, password: str, *, path: str) -> None:
    check_new_password(password, administrator, path=path)
    administrator.set_password(password)


def check_new_password(password: str, user: Any, *, path: str) -> None:
    """Raises `Invalid` for a password that is too short, too long, common, or like its owner."""
    if len(password) > 1024:
        raise Invalid(Violation(Code.TOO_LONG, path, "This value is too long."))
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            *(Violation(Code.PASSWORD, path, message) for message in error.messages)
        ) from None


def _save(administrator: Administrator) -> None:
    try:
        with transaction.atomic():
            administrator.save()
    except IntegrityError:
        raise taken("email", "An administrator with this e-mail already exists.") from None


def _record(
    administrator: Administrator, name: EventName, actor: Actor, data: dict[str, object]
) -> None:
    record(
        None, name, subject_kind="administrator", subject_id=administrator.id, actor=actor,
        data=data,
    )  # fmt: skip
