"""Conditions for tests, and the proof that what is stored is what the logs say."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from badges.conditions.tree import inputs
from badges.models import (
    BadgeType,
    ConditionInput,
    ConditionVersion,
    PublishPolicy,
    RefundPolicy,
    VersionState,
)
from badges.selectors.comparison import condition_of
from badges.selectors.verification import verify
from loyalty.models import Job, Store
from loyalty.models.keys import new_id
from loyalty.services.jobs.turns import work_for
from loyalty.transactions import writes
from members.models import ActivitySource, Member, TouchedMember
from members.services.activity_rows import ActivityRow, record_activities
from tests.builders import TESTER

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def publish(
    store: Store, badge_type: BadgeType, tree: Mapping[str, Any], **details: Any
) -> ConditionVersion:
    """Make it the badge type's current condition, and evaluate nobody.

    Without details: counting from 2020, as often as it is completed, with refunds that revoke.
    """
    versions = ConditionVersion.for_store(store).filter(badge_type=badge_type)
    versions.filter(state=VersionState.CURRENT).update(state=VersionState.SUPERSEDED)
    details = {
        "series": new_id(),
        "policy": PublishPolicy.FROM_NOW_ON,
        "repeat_limit": None,
        "counting_from": LONG_AGO,
        "refund_policy": RefundPolicy.REVOKE,
        **details,
    }
    version = versions.create(
        store=store, badge_type=badge_type, number=versions.count() + 1, tree=tree, resolved=tree,
        state=VersionState.CURRENT, published_at=timezone.now(), **details,
    )  # fmt: skip
    heard = ConditionInput.for_store(store).filter(badge_type=badge_type)
    heard.delete()
    for name in inputs(condition_of(version)):
        heard.create(store=store, badge_type=badge_type, input=name)
    return version


@writes
def happened(
    store: Store, *, member: Member, at: datetime, event: str = "visit", **details: Any
) -> ActivityRow:
    """An activity of the member."""
    details = {"source": ActivitySource.CUSTOM_EVENT, "external_id": str(new_id()), **details}
    row = ActivityRow(event, occurred_at=at, member_id=member.id, **details)
    record_activities(store, [row], actor=TESTER, now=timezone.now())
    return row


def bought(store: Store, member: Member, at: datetime, number: str, value: int = 10) -> ActivityRow:
    return happened(
        store, member=member, at=at, event="transaction", source=ActivitySource.TRANSACTION,
        external_id=number, value=value,
    )  # fmt: skip


def brought_back(
    store: Store, member: Member, at: datetime, number: str, value: int = 10
) -> ActivityRow:
    """A return of the purchase of that number."""
    return happened(
        store, member=member, at=at, event="return_transaction", value=value,
        source=ActivitySource.TRANSACTION, external_id=f"return of {number} at {at}",
        reverses_external_id=number,
    )  # fmt: skip


def settle() -> None:
    """Do all background work that there is, here: touched members, and jobs."""
    while work_for(60):
        pass


def assert_verified(store: Store) -> None:
    """Settle; then nothing is left over, and `verify` finds no difference."""
    settle()
    unfinished = Job.for_store(store).exclude(state__in=["done", "cancelled", "draft", "failed"])
    assert not unfinished.exists()
    assert not TouchedMember.across_stores.filter(store_id=store.id).exists()
    found = verify(store, now=timezone.now())
    assert (list(found.differences), found.warnings) == ([], [])
