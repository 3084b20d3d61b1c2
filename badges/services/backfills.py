"""Count what happened before a badge began to count, as a dry run has shown it; and undo that."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from badges.models import BadgeType, ConditionVersion, PublishPolicy
from badges.selectors.conditions import (
    default_counting_from,
    find_current,
    find_draft,
    find_latest,
    versions_of,
)
from badges.services.condition_checks import checked
from badges.services.condition_locks import change_conditions
from badges.services.condition_versions import (
    Terms,
    check_counting_from,
    locked_badge_type,
    next_number,
    put_in_force,
)
from badges.services.evaluation_job import (
    BACKFILL,
    EVALUATE,
    locked_to_undo,
    stage_evaluation,
    stage_undoing,
)
from badges.services.published import Published
from loyalty.actors import Actor
from loyalty.errors import Code, Conflict, Invalid, Violation
from loyalty.models import Job, JobState, Store
from loyalty.models.keys import new_id
from loyalty.services.jobs.control import is_undone
from loyalty.transactions import writes


def digest(resolved: Mapping[str, Any], repeat_limit: int | None) -> str:
    """The same for trees that award the same badges."""
    text = orjson.dumps([resolved, repeat_limit], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


@writes
def backfill(
    store: Store,
    *,
    badge_type: BadgeType,
    dry_run: Job,
    actor: Actor,
    now: datetime,
    counting_from: datetime | None = None,
    silent: bool = True,
) -> Published:
    """Publish what a dry run looked at, counting from then on, and only add; with true dates.

    That is the condition in force, once more with an earlier `counting_from` (the dry run's, if
    none is given), or the draft.  Asked for twice, it is done once.  Raises `Conflict` if the dry
    run is not done, or if neither is what it looked at any more.
    """
    change_conditions(store)
    badge_type = locked_badge_type(store, badge_type)
    if dry_run.state != JobState.DONE:
        raise Conflict("The dry run is not done.")
    if (done := _done_before(store, badge_type, dry_run)) is not None:
        return done
    former = find_latest(store, badge_type)
    begins = counting_from or datetime.fromisoformat(dry_run.parameters["countingFrom"])
    began = _began(badge_type, former)
    check_counting_from(begins, now)
    if begins > began:
        message = f"The badge counts from {began.isoformat()} already."
        raise Invalid(Violation(Code.TOO_HIGH, "countingFrom", message))
    version, resolved = _looked_at(store, badge_type, dry_run)
    terms = Terms(PublishPolicy.ONLY_ADD, begins, former)
    put_in_force(store, version, terms, resolved=resolved, actor=actor, now=now)
    job = stage_evaluation(store, version, actor=actor, silent=silent)
    job.parameters[BACKFILL] = {
        "dryRunJobId": str(dry_run.id),
        "versionId": str(version.id),
        "formerVersionId": former and str(former.id),
        "formerCountingFrom": began.isoformat(),
    }
    job.save(update_fields=["parameters"])
    return Published(version, job)


@writes
def undo_backfill(store: Store, *, job: Job, actor: Actor, now: datetime) -> Job:
    """Count from when it was counted before, and reverse each line that the job wrote.

    Raises `Conflict` for a job that is no backfill, one that may still write or was undone, and
    where another condition was published since: whoever did that decides what counts.
    """
    told = job.parameters.get(BACKFILL)
    if job.kind != EVALUATE or told is None:
        raise Conflict("Only a backfill can be undone. Publish what shall count instead.")
    # In the order of the workers: whoever works on the job waits for the conditions with it locked.
    job = locked_to_undo(store, job)
    change_conditions(store)
    badge_type = locked_badge_type(store, BadgeType.for_store(store).get(
        id=job.parameters["badgeTypeId"]))  # fmt: skip
    current = find_current(store, badge_type)
    if current is not None and str(current.id) != told["versionId"]:
        raise Conflict("A condition was published since. Publish what shall count instead.")
    if current is not None:
        _restore(store, current, told, actor, now)
    return stage_undoing(store, job, actor=actor)


def _restore(
    store: Store,
    current: ConditionVersion,
    told: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    badge_type = current.badge_type
    formers = versions_of(store, badge_type).filter(id=told["formerVersionId"])
    restored = _copy(store, formers.first() or current)
    counting_from = datetime.fromisoformat(told["formerCountingFrom"])
    terms = Terms(PublishPolicy.ONLY_ADD, counting_from, current)
    put_in_force(store, restored, terms, resolved=restored.resolved or {}, actor=actor, now=now)


def _looked_at(
    store: Store, badge_type: BadgeType, dry_run: Job
) -> tuple[ConditionVersion, Mapping[str, Any]]:
    """The version to put into force, with its resolved tree."""
    asked = dry_run.parameters["digest"]
    current = find_current(store, badge_type)
    resolved = current and current.resolved
    if current and resolved and digest(resolved, current.repeat_limit) == asked:
        return _copy(store, current), resolved
    draft = find_draft(store, badge_type)
    if draft is not None:
        resolved = checked(store, badge_type, draft.tree).resolved
        if digest(resolved, draft.repeat_limit) == asked:
            return draft, resolved
    raise Conflict("The condition has changed since this dry run. Try it once more.")


def _copy(store: Store, version: ConditionVersion) -> ConditionVersion:
    return ConditionVersion(
        store=store,
        badge_type=version.badge_type,
        number=next_number(store, version.badge_type),
        series=new_id(),
        tree=version.tree,
        resolved=version.resolved,
        repeat_limit=version.repeat_limit,
        refund_policy=version.refund_policy,
        grace_days=version.grace_days,
        hidden=version.hidden,
    )


def _began(badge_type: BadgeType, former: ConditionVersion | None) -> datetime:
    if former is None or former.counting_from is None:
        return default_counting_from(badge_type)
    return former.counting_from


def _done_before(store: Store, badge_type: BadgeType, dry_run: Job) -> Published | None:
    made = Job.for_store(store).filter(
        kind=EVALUATE, parameters__backfill__dryRunJobId=str(dry_run.id)
    )
    for job in made.order_by("created_at"):
        if not is_undone(store, job):
            told = job.parameters[BACKFILL]
            return Published(versions_of(store, badge_type).get(id=told["versionId"]), job)
    return None
