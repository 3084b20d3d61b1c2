"""Load the demo: through the services, and only what is not there yet."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from badges.demo.catalogue import DEMO_STORES, DemoBadge, DemoStore
from badges.demo.conditions import CONDITIONS
from badges.demo.earning import HISTORY, earn_by_conditions
from badges.demo.people import DemoPerson, people
from badges.models import BadgeEntry, BadgeType, EntryKind
from badges.selectors.badge_types import badge_types
from badges.services.badge_types import create_badge_type, set_badge_type_active, upload_icon
from badges.services.ledger import Line, post, record_changes
from loyalty.actors import Actor
from loyalty.models import Access, Administrator, Resource, Role, Store
from loyalty.selectors.access import EVERYTHING
from loyalty.services.administrators import create_administrator
from loyalty.services.roles import create_role
from loyalty.services.stores import create_store
from loyalty.transactions import writes
from members.models import Member
from members.selectors.members import members
from members.services.locking import lock_members
from members.services.members import register_member, set_member_password

STAFF_PASSWORD = "rosette-demo-staff"  # noqa: S105 (printed at every start of a demo)
MEMBER_PASSWORD = "rosette-demo-member"  # noqa: S105
SUPER_ADMIN = "admin"

_VIEW, _MODIFY = Access.VIEW, Access.MODIFY
_ALL_STORES = [store.code for store in DEMO_STORES]

# Who works here: username, role, its stores, its permissions (none: a super admin).
_STAFF: Sequence[tuple[str, str, Sequence[str], Sequence[tuple[str, str]]]] = (
    (SUPER_ADMIN, "Super admin", [], []),
    (
        "kawa.manager", "Kawa & Co manager", ["DEFAULT"],
        [(resource, _MODIFY) for resource in (
            Resource.BADGE, Resource.CUSTOMER, Resource.CUSTOM_EVENT, Resource.TRANSACTION,
            Resource.POINT_TRANSFER, Resource.WALLET, Resource.WEBHOOK_SUBSCRIPTION,
            Resource.EVENT, Resource.AUDIT, Resource.SETTINGS, Resource.ADMIN, Resource.ACL)],
    ),
    (
        "northtrail.manager", "Northtrail manager", ["OUTDOOR"],
        [(Resource.BADGE, _MODIFY), (Resource.CUSTOMER, _MODIFY), (Resource.SETTINGS, _VIEW)],
    ),
    ("designer", "Badge designer", _ALL_STORES, [(Resource.BADGE, _MODIFY)]),
    (
        "support", "Support", _ALL_STORES,
        [(Resource.BADGE, _VIEW), (Resource.CUSTOMER, _VIEW)],
    ),
)  # fmt: skip


def load_demo(*, actor: Actor, now: datetime) -> None:
    """Stores, staff, badge types, members and months of earned badges.

    May be run again, also after it was interrupted: what is there is left as it is.
    """
    for demo in DEMO_STORES:
        store = _store(demo, actor)
        types = _badge_types(store, demo, actor)
        cast = list(people(demo))
        registered = _members(store, cast, actor, now)
        _history(store, demo, types, cast, registered, actor=actor, now=now)
        earn_by_conditions(store, demo, types, cast, registered, actor=actor, now=now)
        _end_seasons(store, demo, actor)
    _staff(actor)


def demo_member(store: Store) -> Member:
    """The first person of the store's list, who has a password."""
    return members(store).get(loyalty_card_number=f"{store.code}-0001")


def _store(demo: DemoStore, actor: Actor) -> Store:
    return Store.objects.filter(code=demo.code).first() or create_store(
        code=demo.code,
        name=demo.name,
        currency=demo.currency,
        timezone=demo.timezone,
        locales=list(demo.locales),
        default_locale=demo.default_locale,
        active=True,
        actor=actor,
    )


def _badge_types(store: Store, demo: DemoStore, actor: Actor) -> dict[str, BadgeType]:
    found = {badge_type.system_code: badge_type for badge_type in badge_types(store)}
    for badge in demo.badges:
        if badge.system_code in found:
            continue
        made = create_badge_type(
            store,
            system_code=badge.system_code,
            translations={
                locale: {"name": badge.names[locale], "description": badge.descriptions[locale]}
                for locale in demo.locales
            },
            background_color=badge.background_color,
            text_color=badge.text_color,
            display_rank=badge.display_rank,
            permissions_enabled=badge.permissions_enabled,
            actor=actor,
        )
        upload_icon(store, badge_type=made, svg=badge.icon_path.read_bytes(), actor=actor)
        found[badge.system_code] = made
    return found


def _members(
    store: Store, cast: Sequence[DemoPerson], actor: Actor, now: datetime
) -> dict[str, Member]:
    found = {member.loyalty_card_number or "": member for member in members(store)}
    for person in cast:
        if person.card in found:
            continue
        member = register_member(
            store,
            email=person.email,
            phone=person.phone,
            loyalty_card_number=person.card,
            first_name=person.first_name,
            last_name=person.last_name,
            birth_date=person.birth_date,
            locale=person.locale,
            address={"city": person.city},
            labels=[{"key": "tier", "value": person.tier}],
            agreement1=True,
            registered_at=now - HISTORY + timedelta(days=person.luck.randrange(120)),
            actor=actor,
            now=now,
        )
        found[person.card] = member
        if len(found) == 1:
            set_member_password(store, member=member, password=MEMBER_PASSWORD, actor=actor)
    return found


def _history(
    store: Store,
    demo: DemoStore,
    types: dict[str, BadgeType],
    cast: Sequence[DemoPerson],
    registered: dict[str, Member],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Badges that were handed out in the months behind us: those that no condition awards.

    The occurrence keys keep a second run from granting twice.
    """
    if BadgeEntry.for_store(store).filter(occurrence_key__startswith="demo:").exists():
        return
    by_hand = [badge for badge in demo.badges if badge.system_code not in CONDITIONS[demo.code]]
    lines = [
        line
        for person in cast
        if person.card in registered
        for line in _earned(person, registered[person.card], by_hand, types, now)
    ]
    lines.sort(key=lambda line: line.occurred_at)
    _grant_history(store, lines=lines, types=types, actor=actor, now=now)


def _earned(
    person: DemoPerson,
    member: Member,
    badges: Sequence[DemoBadge],
    types: dict[str, BadgeType],
    now: datetime,
) -> Iterator[Line]:
    luck = random.Random(f"badges of {person.card}")  # noqa: S311 (the same luck each time)
    keen = luck.uniform(0.5, 1.5)
    for badge in badges:
        # The first person stands in every example, and has something to show.
        holds = person.card.endswith("-0001") and badge.share > 0.3
        if not holds and luck.random() >= badge.share * keen:
            continue
        for k in range(luck.randint(1, 5) if badge.repeatable else 1):
            age = min(HISTORY, now - member.registered_at) * luck.random()
            yield Line(
                member.id,
                types[badge.system_code].id,
                EntryKind.GRANT,
                1,
                occurred_at=now - age,
                reason="Demo data",
                occurrence_key=f"demo:{member.id}:{badge.system_code}:{k}",
            )


@writes
def _grant_history(
    store: Store,
    *,
    lines: Sequence[Line],
    types: dict[str, BadgeType],
    actor: Actor,
    now: datetime,
) -> None:
    lock_members(store, {line.member_id for line in lines})
    changes = post(store, lines, actor=actor, now=now)
    for badge_type in types.values():
        of_type = [change for change in changes if change.badge_type_id == badge_type.id]
        record_changes(store, of_type, badge_type=badge_type, actor=actor, corrected=False)


def _end_seasons(store: Store, demo: DemoStore, actor: Actor) -> None:
    """Badges that are not active were earned while they were, so they are switched off last."""
    ended = [badge.system_code for badge in demo.badges if not badge.active]
    for badge_type in badge_types(store).filter(system_code__in=ended, active=True):
        set_badge_type_active(store, badge_type=badge_type, active=False, actor=actor)


def _staff(actor: Actor) -> None:
    for username, role_name, stores, permissions in _STAFF:
        role = Role.objects.filter(name=role_name).first() or create_role(
            name=role_name,
            permissions=permissions,
            store_codes=stores,
            is_master=not stores,
            actor=actor,
            reach=EVERYTHING,
        )
        if not Administrator.objects.filter(username=username).exists():
            create_administrator(
                username=username,
                email=f"{username}@example.com",
                first_name=username.replace(".", " ").title(),
                password=STAFF_PASSWORD,
                role_ids=[role.id],
                actor=actor,
                reach=EVERYTHING,
            )
