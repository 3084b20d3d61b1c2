"""Two complete stores that look alike, for tests about what one may know of the other.

Natural keys collide on purpose: a member, a badge type and a refresh token that one store finds
must never be found because another store has the same one.
"""

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from badges.models import BadgeType
from badges.services.badge_types import delete_badge_type, update_badge_type
from badges.services.grants import set_completed_count
from badges.services.job_creation import create_badge_job, stage_identifiers
from badges.services.jobs import ASSIGN
from loyalty.identifiers import Identifier
from loyalty.models import (
    Access,
    Administrator,
    ApiKey,
    Delivery,
    Job,
    Resource,
    Role,
    Store,
    Subscription,
)
from loyalty.services.api_keys import create_api_key
from loyalty.services.jobs.control import pause_job
from loyalty.services.jobs.working import start_queued_jobs, work_one_chunk
from loyalty.services.sessions import Owner, open_session
from loyalty.services.stores import update_store
from members.models import Activity, ExternalKind, Member, MemberList, PointsEntry, WalletType
from members.services.external_identifiers import set_external_identifier
from members.services.imports import import_members
from members.services.member_lists import create_member_list, list_members
from members.services.members import update_member
from members.services.points import cancel_transfer
from members.services.wallet_types import create_wallet_type
from tests.architecture.condition_worlds import ConditionWorld, make_condition_world
from tests.architecture.world_activity import make_activity
from tests.architecture.world_webhooks import make_webhooks
from tests.builders import (
    PASSWORD,
    TESTER,
    give_badge,
    give_points,
    make_administrator,
    make_badge_type,
    make_member,
    make_role,
    make_store,
)

_ADDRESS = ("street", "address1", "address2", "province", "city", "postal", "country")
SHARED_EMAIL, SHARED_PHONE, SHARED_CARD, SHARED_CODE = (
    "anna@example.com", "+48600100200", "CARD-1", "gold",
)  # fmt: skip


class RolledBack(AbstractContextManager[None]):
    """What is written inside is undone.  Services may open their durable transaction inside."""

    def __enter__(self) -> None:
        self._atomic = transaction.atomic()
        self._atomic._from_testcase = True  # type: ignore[attr-defined]
        self._atomic.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        transaction.set_rollback(True)
        self._atomic.__exit__(None, None, None)


@dataclass
class World:
    """One store with everything in it.  `mark` is in every text that is not a colliding key."""

    store: Store
    mark: str
    role: Role
    viewing_role: Role
    manager: Administrator
    viewer: Administrator
    api_key: ApiKey
    api_key_text: str
    twin: Member
    """Its e-mail, phone and card number exist in the other store, too."""
    member: Member
    badge_type: BadgeType
    twin_type: BadgeType
    job: Job
    """Waiting; beside it there are one that is paused and one that is done, with a report."""
    paused_job: Job
    done_job: Job
    done_import: Job
    wallet_type: WalletType
    member_list: MemberList
    transfer: PointsEntry
    """The member has what it brought in; beside it there are others, spent and cancelled."""
    refresh_token: str
    admin_refresh_token: str
    custom_event: Activity
    transaction: Activity
    conditions: ConditionWorld
    subscription: Subscription
    message: Delivery
    """Of the subscription; it was tried once, and waits."""
    secrets: list[str] = field(default_factory=list)

    @property
    def code(self) -> str:
        return self.store.code

    @property
    def canaries(self) -> list[str]:
        """Texts that no caller of another store may ever be sent."""
        rows = (
            self.store, self.manager, self.viewer, self.api_key, self.twin, self.member,
            self.badge_type, self.twin_type, self.job, self.paused_job, self.done_job,
            self.done_import, self.custom_event, self.transaction, self.wallet_type,
            self.transfer, self.member_list, self.subscription, self.message,
        )  # fmt: skip
        return [
            self.mark,
            self.mark.upper(),
            f'"{self.code}"',
            *(str(row.id) for row in rows),
            *self.conditions.ids,
            *self.secrets,
        ]


def make_world(code: str, mark: str) -> World:
    store = make_store(code, name=f"{mark} store")
    store = update_store(store, actor=TESTER, timezone="Europe/Warsaw")
    role = make_role(
        *((resource, Access.MODIFY) for resource in Resource), stores=(store,), name=f"{mark} all"
    )
    viewing_role = make_role(
        *((resource, Access.VIEW) for resource in Resource), stores=(store,), name=f"{mark} see"
    )
    person = {"first_name": mark, "last_name": mark, "phone": mark}
    manager = make_administrator(role, email=f"manager@{mark}.example", **person)
    viewer = make_administrator(viewing_role, email=f"viewer@{mark}.example", **person)
    api_key, text = create_api_key(
        administrator=manager, name=f"{mark} key", expires_at=None, actor=TESTER
    )
    details = {
        "first_name": mark, "last_name": mark, "address": dict.fromkeys(_ADDRESS, mark),
        "company": {"name": mark, "nip": mark}, "labels": [{"key": mark, "value": mark}],
        "locale": "en", "gender": "female",
    }  # fmt: skip
    twin = make_member(
        store, email=SHARED_EMAIL, phone=SHARED_PHONE, loyalty_card_number=SHARED_CARD,
        password=f"{PASSWORD} {mark}", **details,
    )  # fmt: skip
    number = "".join(str(ord(letter) % 10) for letter in mark)
    member = make_member(
        store, email=f"own@{mark}.example", phone=f"+1{number}", loyalty_card_number=f"{mark}-1",
        password=f"{PASSWORD} {mark}", **details,
    )  # fmt: skip
    texts = {"en": {"name": f"{mark} name", "description": mark}, "pl": {"name": mark}}
    badge_type = make_badge_type(store, f"{mark}_badge", translations=texts)
    update_badge_type(
        store, badge_type=badge_type, icon=f"https://{mark}.example/icon.svg", actor=TESTER
    )
    badge_type.refresh_from_db()
    twin_type = make_badge_type(store, SHARED_CODE, translations=texts)
    gone = make_badge_type(store, "gone", translations=texts)
    for someone in (twin, member):
        give_badge(store, someone, badge_type, times=2)
        give_badge(store, someone, twin_type)
        give_badge(store, someone, gone)
    set_completed_count(
        store, member=twin, badge_type=badge_type, completed_count=3, reason=mark, actor=TESTER,
        now=timezone.now(),
    )  # fmt: skip
    update_member(store, member=twin, last_name=f"{mark} again", actor=TESTER)
    delete_badge_type(store, badge_type=gone, actor=TESTER, now=timezone.now())
    set_external_identifier(
        store, member=member, kind=ExternalKind.WALLET_ADDRESS, value=f"{mark}-wallet",
        actor=TESTER,
    )  # fmt: skip
    conditions = make_condition_world(store, mark, badge_type, twin)
    done_import, done, paused, job = _jobs(store, mark, badge_type, member)
    now = timezone.now()
    member_list = create_member_list(store, name=f"{mark} members", actor=TESTER)
    list_members(
        store, list_id=member_list.id, members={twin.id, member.id}, actor=TESTER, now=now
    )  # fmt: skip
    wallet_type, transfer = _points(store, mark, twin, member)
    refresh = open_session(Owner(store_id=store.id, member_id=twin.id), now=now)
    admin_refresh = open_session(Owner(administrator_id=manager.id), now=now)
    custom_event, sale = make_activity(store, mark, member)
    subscription, message, secret = make_webhooks(store, mark, member, badge_type)
    return World(
        store, mark, role, viewing_role, manager, viewer, api_key, text, twin, member, badge_type,
        twin_type, job, paused, done, done_import, wallet_type, member_list, transfer,
        refresh, admin_refresh, custom_event, sale, conditions, subscription, message,
        secrets=[text, refresh, admin_refresh, secret],
    )  # fmt: skip


def _jobs(store: Store, mark: str, badge_type: BadgeType, member: Member) -> list[Job]:
    file = f"email,firstName\nimported@{mark}.example,{mark}\n{mark},{mark}\n".encode()
    done_import = import_members(store, file=io.BytesIO(file), actor=TESTER)
    names = [Identifier("id", str(member.id)), Identifier("email", f"nobody@{mark}.example")]

    def badge_job() -> Job:
        return create_badge_job(
            store, kind=ASSIGN, badge_type=badge_type, stage=stage_identifiers(names), reason=mark,
            actor=TESTER,
        )  # fmt: skip

    done = badge_job()
    start_queued_jobs(now=timezone.now())
    for each in (done_import, done):
        while work_one_chunk(now=timezone.now(), job_id=each.id):
            pass
    paused = badge_job()
    pause_job(store, job=paused, actor=TESTER)
    return [done_import, done, paused, badge_job()]


def _points(
    store: Store, mark: str, twin: Member, member: Member
) -> tuple[WalletType, PointsEntry]:
    wallet_type = create_wallet_type(store, code=f"{mark}_wallet", name=mark, actor=TESTER)
    for someone in (twin, member):
        give_points(store, someone, 100, wallet=wallet_type.code, comment=mark)
        give_points(store, someone, -30, wallet=wallet_type.code, comment=mark)
        give_points(store, someone, 40, expires_in=timedelta(days=30), comment=mark)
    cancelled = give_points(store, member, 5, comment=mark)
    cancel_transfer(store, transfer_id=cancelled.id, actor=TESTER, now=timezone.now())
    return wallet_type, give_points(
        store, member, 20, comment=mark, external_id=f"{mark}-transfer"
    )  # fmt: skip


def do_all_jobs() -> None:
    """Everything that a worker would do."""
    start_queued_jobs(now=timezone.now())
    while work_one_chunk(now=timezone.now()):
        pass


def fingerprint(world: World) -> tuple[Any, ...]:
    """A checksum of every row that belongs to the store or to its people."""
    with connection.cursor() as cursor:
        cursor.execute(_FINGERPRINT, {"store": world.store.id, "mark": f"{world.mark}%"})
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def _checksum(table: str, where: str) -> str:
    return f"(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t WHERE {where})"


def _parts() -> Iterator[str]:
    yield _checksum("loyalty_store", "id = %(store)s")
    for table in (
        "loyalty_event", "loyalty_idempotencykey", "loyalty_refreshtoken", "members_member",
        "members_externalidentifier", "badges_badgetype", "badges_badgeicon",
        "badges_badgeentry", "badges_memberbadge", "loyalty_role_stores", "loyalty_job",
        "loyalty_jobrow", "badges_rule", "badges_rulegroup", "badges_conditionversion",
        "badges_conditioninput", "members_activity", "members_touchedmember",
        "members_eventschema", "members_memberlist", "members_listedmember",
        "members_wallettype", "members_pointsentry", "members_pointslot",
        "loyalty_subscription", "loyalty_delivery", "loyalty_deliveryattempt",
        "loyalty_webhookcursor",
    ):  # fmt: skip
        yield _checksum(table, "store_id = %(store)s")
    roles = "(SELECT id FROM loyalty_role WHERE name LIKE %(mark)s)"
    admins = "(SELECT id FROM loyalty_administrator WHERE first_name LIKE %(mark)s)"
    yield _checksum("loyalty_role", "name LIKE %(mark)s")
    yield _checksum("loyalty_role_stores", f"role_id IN {roles}")
    yield _checksum("loyalty_rolepermission", f"role_id IN {roles}")
    yield _checksum("loyalty_administrator_roles", f"role_id IN {roles}")
    yield _checksum("loyalty_administrator", "first_name LIKE %(mark)s")
    yield _checksum("loyalty_administrator_roles", f"administrator_id IN {admins}")
    yield _checksum("loyalty_apikey", f"administrator_id IN {admins}")
    yield _checksum("loyalty_refreshtoken", f"administrator_id IN {admins}")


_FINGERPRINT = f"SELECT {', '.join(_parts())}"
