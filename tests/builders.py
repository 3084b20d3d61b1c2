"""Rows for tests: made by the services, so a test never starts from a state that cannot be.

Every builder takes keyword overrides and is deterministic but for its counter.
"""

import itertools
from decimal import Decimal
from typing import Any

from django.utils import timezone

from badges.models import BadgeType
from badges.services.badge_types import create_badge_type
from badges.services.grants import grant_badge
from loyalty.actors import Actor, ActorKind, Source
from loyalty.models import Administrator, Role, Store
from loyalty.selectors.access import EVERYTHING
from loyalty.services.administrators import create_administrator
from loyalty.services.api_keys import create_api_key
from loyalty.services.roles import create_role
from loyalty.services.stores import create_store
from loyalty.tokens import AdminAccessToken, MemberAccessToken
from members.models import Member, PointsEntry, PointsKind
from members.services.booking import Transfer
from members.services.members import register_member, set_member_password
from members.services.points import book_transfer

TESTER = Actor(ActorKind.SYSTEM, None, "a test", Source.COMMAND)
PASSWORD = "correct horse battery staple"

_number = itertools.count(1)


def make_store(code: str, **details: Any) -> Store:
    details = {"name": f"Store {code}", "currency": "EUR", "active": True, **details}
    return create_store(code=code, actor=TESTER, locales=["en", "pl"], **details)


def make_role(
    *permissions: tuple[str, str], stores: tuple[Store, ...] = (), **details: Any
) -> Role:
    name = details.pop("name", f"Role {next(_number)}")
    return create_role(
        name=name,
        permissions=permissions,
        store_codes=[store.code for store in stores],
        actor=TESTER,
        reach=EVERYTHING,
        **details,
    )


def make_administrator(*roles: Role, **details: Any) -> Administrator:
    details = {"email": f"staff{next(_number)}@example.com", "password": PASSWORD} | details
    role_ids = [role.id for role in roles]
    return create_administrator(role_ids=role_ids, actor=TESTER, reach=EVERYTHING, **details)


def make_member(store: Store, *, password: str | None = None, **details: Any) -> Member:
    details = {"email": f"member{next(_number)}@example.com"} | details
    member = register_member(store, actor=TESTER, now=timezone.now(), **details)
    if password is not None:
        set_member_password(store, member=member, password=password, actor=TESTER)
        member.refresh_from_db()
    return member


def make_badge_type(store: Store, system_code: str | None = None, **details: Any) -> BadgeType:
    details = {"translations": {"en": {"name": "A badge"}}} | details
    code = system_code or f"badge_{next(_number)}"
    return create_badge_type(store, system_code=code, actor=TESTER, **details)


def give_badge(store: Store, member: Member, badge_type: BadgeType, times: int = 1) -> None:
    for _ in range(times):
        grant_badge(store, member=member, badge_type=badge_type, actor=TESTER, now=timezone.now())


def give_points(store: Store, member: Member, points: float | str, **details: Any) -> PointsEntry:
    """Add points, or spend them if the number is negative; `details` are those of a `Transfer`."""
    amount, now = Decimal(str(points)), details.pop("now", None) or timezone.now()
    kind = PointsKind.ADDING if amount > 0 else PointsKind.SPENDING
    transfer = Transfer(kind, member.id, abs(amount), **details)
    booked = book_transfer(store, transfer=transfer, actor=TESTER, now=now)
    return PointsEntry.for_store(store).get(id=booked)


def make_api_key(administrator: Administrator, **details: Any) -> str:
    details = {"name": f"Key {next(_number)}", "expires_at": None} | details
    return create_api_key(administrator=administrator, actor=TESTER, **details)[1]


def admin_token(administrator: Administrator) -> str:
    return str(AdminAccessToken.issue(administrator.id, administrator.token_version))


def member_token(member: Member) -> str:
    return str(MemberAccessToken.issue(member.store_id, member.id, member.token_version))
