"""Draft, publish and retire what awards a badge."""

from datetime import datetime

from badges.models import (
    BadgeType,
    ConditionVersion,
    PublishPolicy,
    RefundPolicy,
    VersionState,
)
from badges.selectors.conditions import find_draft, get_draft
from badges.services.condition_checks import checked
from badges.services.condition_locks import change_conditions
from badges.services.condition_versions import (
    check_between,
    check_repeat_limit,
    end_current,
    locked_badge_type,
    next_number,
    put_in_force,
    record_about,
    terms_for,
)
from badges.services.evaluation_job import stage_evaluation
from badges.services.published import Published
from loyalty.actors import Actor
from loyalty.errors import NotFound
from loyalty.models import EventName, Store
from loyalty.models.keys import new_id
from loyalty.services.events import differences
from loyalty.transactions import writes

MAX_GRACE_DAYS = 3650


@writes
def save_draft(
    store: Store,
    *,
    badge_type: BadgeType,
    tree: object,
    actor: Actor,
    repeat_limit: int | None = 1,
    refund_policy: RefundPolicy = RefundPolicy.GRACE,
    grace_days: int = 30,
    hidden: bool = False,
) -> ConditionVersion:
    """Keep a tree (the JSON of one) as the badge type's draft, in place of an earlier draft.

    `repeat_limit` is how often the badge can be earned in all, 1 to 10,000; None: without end.
    Raises `Invalid` that names each node that is wrong; see `checked`.
    """
    check_repeat_limit(repeat_limit)
    check_between("graceDays", grace_days, 0, MAX_GRACE_DAYS)
    badge_type = locked_badge_type(store, badge_type)
    kept = checked(store, badge_type, tree).tree
    draft = find_draft(store, badge_type) or ConditionVersion(
        store=store, badge_type=badge_type, number=next_number(store, badge_type), series=new_id()
    )
    before = _state(draft) if draft.updated_at else {}
    draft.tree, draft.repeat_limit, draft.hidden = kept, repeat_limit, hidden
    draft.refund_policy, draft.grace_days = refund_policy, grace_days
    draft.actor_kind, draft.actor_id = actor.kind, actor.id
    draft.actor_label, draft.source = actor.label, actor.source
    draft.save()
    changed = differences(before, _state(draft))
    record_about(store, EventName.CONDITION_DRAFT_SAVED, draft, actor, **changed)
    return draft


def _state(draft: ConditionVersion) -> dict[str, object]:
    return {
        "tree": draft.tree,
        "repeatLimit": draft.repeat_limit,
        "refundPolicy": str(draft.refund_policy),
        "graceDays": draft.grace_days,
        "hidden": draft.hidden,
    }


@writes
def discard_draft(store: Store, *, badge_type: BadgeType, actor: Actor) -> None:
    """Forget the draft.  Raises `NotFound` if there is none."""
    draft = get_draft(store, locked_badge_type(store, badge_type))
    record_about(store, EventName.CONDITION_DRAFT_DISCARDED, draft, actor)
    draft.delete()


@writes
def publish_condition(
    store: Store,
    *,
    badge_type: BadgeType,
    actor: Actor,
    now: datetime,
    policy: PublishPolicy | None = None,
    counting_from: datetime | None = None,
    announce: bool = True,
) -> Published:
    """Put the draft into force; what was in force before is superseded.

    A first version counts from a day before the badge type was made, or from `counting_from`.
    A later one needs a policy: FROM_NOW_ON begins at `now`; ONLY_ADD and TAKE_AWAY look again at
    everything since the version before, or since `counting_from`, and carry its completions on.
    Without `announce`, what is granted at once is marked as silent.

    Raises `NotFound` without a draft, and `Invalid` as `save_draft` does: what the tree names may
    have gone since, and another badge may have come to wait for this one.
    """
    change_conditions(store)
    badge_type = locked_badge_type(store, badge_type)
    draft = get_draft(store, badge_type)
    draft.badge_type = badge_type
    terms = terms_for(store, badge_type, policy, counting_from, now)
    resolved = checked(store, badge_type, draft.tree).resolved
    put_in_force(store, draft, terms, resolved=resolved, actor=actor, now=now)
    job = stage_evaluation(
        store, draft, actor=actor, silent=not announce,
        take_away=terms.policy == PublishPolicy.TAKE_AWAY,
    )  # fmt: skip
    return Published(draft, job)


@writes
def retire_condition(
    store: Store, *, badge_type: BadgeType, actor: Actor, now: datetime
) -> ConditionVersion:
    """Nobody earns the badge any more; whoever has it keeps it.

    Raises `NotFound` if nothing is in force.
    """
    change_conditions(store)
    badge_type = locked_badge_type(store, badge_type)
    retired = end_current(store, badge_type, VersionState.RETIRED, now)
    if retired is None:
        raise NotFound
    record_about(store, EventName.CONDITION_RETIRED, retired, actor)
    return retired
