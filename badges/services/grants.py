"""Give badges and take them away."""

from datetime import datetime

from django.db import DataError

from badges.models import BadgeType, EntryKind, MemberBadge
from badges.services.expiry import expire_badge
from badges.services.ledger import Line, post, record_changes
from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, NotFound, Violation
from loyalty.models import Store
from loyalty.transactions import writes
from members.models import Member
from members.services.locking import lock_member


@writes
def grant_badge(
    store: Store,
    *,
    member: Member,
    badge_type: BadgeType,
    actor: Actor,
    now: datetime,
    reason: str = "",
    occurred_at: datetime | None = None,
    occurrence_key: str = "",
) -> None:
    """The member has completed the badge once more.

    Counts one up and writes one line of the ledger.  With an occurrence key, once per key for
    ever.  Raises `Invalid` for a badge type that is not active.
    """
    if not badge_type.active:
        message = "The badge type is not active."
        raise Invalid(Violation(Code.NOT_ALLOWED, "systemCode", message))
    lock_member(store, member)
    expire_badge(store, badge_type, [member.id], now=now)
    line = Line(
        member.id, badge_type.id, EntryKind.GRANT, 1, occurred_at or now, reason,
        occurrence_key=occurrence_key,
    )  # fmt: skip
    try:
        changes = post(store, [line], actor=actor, now=now)
    except DataError:
        message = "The badge was completed as often as can be counted."
        raise Invalid(Violation(Code.TOO_HIGH, "", message)) from None
    record_changes(store, changes, badge_type=badge_type, actor=actor, corrected=False)


@writes
def set_completed_count(
    store: Store,
    *,
    member: Member,
    badge_type: BadgeType,
    completed_count: int,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    """Correct how often the member completed a badge that they hold; 0 takes it away.

    The ledger gets the difference, or nothing if there is none.  Raises `NotFound` if the member
    does not hold the badge: a first one is granted, not corrected into being.
    """
    lock_member(store, member)
    expire_badge(store, badge_type, [member.id], now=now)
    held = MemberBadge.for_store(store).filter(member=member, badge_type=badge_type).first()
    if held is None:
        raise NotFound
    if completed_count == held.completed_count:
        return
    line = Line(
        member.id, badge_type.id,
        EntryKind.CORRECTION if completed_count else EntryKind.REVOCATION,
        completed_count - held.completed_count, now, reason,
    )  # fmt: skip
    changes = post(store, [line], actor=actor, now=now)
    record_changes(store, changes, badge_type=badge_type, actor=actor, corrected=True)
