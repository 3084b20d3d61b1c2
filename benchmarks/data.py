"""The data: stores, members, badges, and a ledger that they follow from.

Every id is a fixed text around two numbers, so that pgbench, which computes with numbers alone,
can name any row by itself.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from badges.models import BadgeType
from loyalty.actors import Actor, ActorKind, Source
from loyalty.models import Administrator, Store
from loyalty.selectors.access import EVERYTHING
from loyalty.services.administrators import create_administrator
from loyalty.services.api_keys import create_api_key
from loyalty.services.roles import create_role
from loyalty.tokens import AdminAccessToken, MemberAccessToken
from members.models import Member

# The numbers begin here, so that all of a kind have the same number of digits.
FIRST_STORE, FIRST_MEMBER, FIRST_BADGE = 1001, 10_000_001, 10_000_001
BENCH = Actor(ActorKind.SYSTEM, None, "the benchmark", Source.COMMAND)
_BATCH = 5000

Number = int | str
"""A row's number, or the name of a variable that will hold it."""


@dataclass(frozen=True, slots=True)
class Size:
    stores: int
    members: int
    """In each store."""
    badges: int
    """Types in each store; every member holds all of them."""


@dataclass(frozen=True, slots=True)
class Credentials:
    token: str
    key: str


def store_code(store: Number) -> str:
    return f"bench_{store}"


def badge_code(badge: Number) -> str:
    return f"badge_{badge}"


def store_id(store: Number) -> str:
    return f"00000000-0000-7000-8000-{store}00000000"


def member_id(store: Number, member: Number) -> str:
    return f"00000000-0000-7000-8001-{store}{member}"


def badge_type_id(store: Number, badge: Number) -> str:
    return f"00000000-0000-7000-8002-{store}{badge}"


def member_token(store: int, member: int) -> str:
    owner = UUID(store_id(store)), UUID(member_id(store, member))
    return str(MemberAccessToken.issue(*owner, version=0))


def load(size: Size) -> None:
    """Everything but the credentials; afterwards the planner knows the data."""
    stores = range(FIRST_STORE, FIRST_STORE + size.stores)
    with transaction.atomic():
        for store in stores:
            _load_store(store, size)
        _load_ledger()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def employ(size: Size) -> Credentials:
    """An administrator whose one role holds what an integration needs, in every store."""
    codes = [store_code(store) for store in range(FIRST_STORE, FIRST_STORE + size.stores)]
    role = create_role(
        name="Integration",
        permissions=[
            ("BADGE", "MODIFY"),
            ("CUSTOMER", "MODIFY"),
            ("CUSTOM_EVENT", "MODIFY"),
            ("SETTINGS", "VIEW"),
        ],
        store_codes=codes,
        actor=BENCH,
        reach=EVERYTHING,
    )
    administrator: Administrator = create_administrator(
        email="bench@example.com",
        password="a password that nobody types",  # noqa: S106 (of a private database)
        role_ids=[role.id],
        actor=BENCH,
        reach=EVERYTHING,
    )
    _, key = create_api_key(administrator=administrator, name="bench", expires_at=None, actor=BENCH)
    token = AdminAccessToken.issue(administrator.id, administrator.token_version)
    return Credentials(token=str(token), key=key)


def make_store(number: int, badges: int) -> Store:
    """A store with its badge types, and nobody in it."""
    store = Store.objects.create(
        id=store_id(number), code=store_code(number), name=f"Store {number}", currency="EUR"
    )
    BadgeType.across_stores.bulk_create(
        BadgeType(
            id=badge_type_id(number, badge),
            store=store,
            system_code=badge_code(badge),
            slug=f"badge-{badge}",
            translations={"en": {"name": f"Badge {badge}", "description": "For good deeds."}},
        )
        for badge in range(FIRST_BADGE, FIRST_BADGE + badges)
    )
    return store


def _load_store(number: int, size: Size) -> None:
    store = make_store(number, size.badges)
    Member.across_stores.bulk_create(
        (
            Member(
                id=member_id(number, member),
                store=store,
                email=f"member{member}@example.com",
                first_name="Anna",
                last_name=f"Number {member}",
                registered_at=timezone.now(),
            )
            for member in range(FIRST_MEMBER, FIRST_MEMBER + size.members)
        ),
        batch_size=_BATCH,
    )


def _load_ledger() -> None:
    """One or two lines for each badge of each member, and the badges as the sums of the lines."""
    with connection.cursor() as cursor:
        # Millions of checks that the ids, made here by one formula, cannot fail.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            """
            INSERT INTO badges_badgeentry
                   (id, store_id, member_id, badge_type_id, kind, delta, occurrence_key, reason,
                    actor_kind, actor_id, actor_label, source, source_id, occurred_at, recorded_at)
            SELECT line.id, member.store_id, member.id, badge_type.id, 'grant', 1,
                   'entry:' || line.id, '', 'system', NULL, 'the benchmark', 'command', '',
                   line.moment, line.moment
              FROM members_member member
              JOIN badges_badgetype badge_type USING (store_id)
             CROSS JOIN generate_series(0, 1) AS again
             CROSS JOIN LATERAL (
                   SELECT gen_random_uuid() AS id,
                          member.registered_at - again * interval '1 day'
                          - (hashtext(badge_type.id::text || member.id) & 32767)
                            * interval '1 minute' AS moment) AS line
             WHERE again = 0 OR hashtext(member.id || badge_type.system_code) % 2 = 0
            """
        )
        cursor.execute(
            """
            INSERT INTO badges_memberbadge
                   (id, store_id, member_id, badge_type_id, completed_count, first_earned_at,
                    last_earned_at, updated_at)
            SELECT gen_random_uuid(), store_id, member_id, badge_type_id, sum(delta),
                   min(occurred_at), max(occurred_at), max(recorded_at)
              FROM badges_badgeentry GROUP BY store_id, member_id, badge_type_id
            """
        )
