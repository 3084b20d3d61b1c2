"""Try a condition on everything that has happened, before anybody earns anything by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from badges.conditions.parsing import parse
from badges.models import BadgeType, PublishPolicy
from badges.selectors.badge_types import badge_types
from badges.selectors.conditions import find_current, find_draft, find_latest
from badges.selectors.dry_runs import DRY_RUN, Question, dry_run
from badges.services.backfills import digest
from badges.services.condition_checks import checked
from badges.services.condition_versions import check_repeat_limit, terms_for
from loyalty.actors import Actor
from loyalty.errors import Conflict, NotFound
from loyalty.models import Job, JobState, Store
from loyalty.selectors.time_limits import at_most
from loyalty.services.jobs.creation import announce, staged_job
from loyalty.services.jobs.kinds import JobKind, Outcome, Row, register
from loyalty.services.jobs.staging import StagedRow, stage_rows
from loyalty.transactions import writes


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often a badge can be earned; None: without end."""

    limit: int | None


@writes
def start_dry_run(
    store: Store,
    *,
    badge_type: BadgeType,
    actor: Actor,
    now: datetime,
    tree: object = None,
    counting_from: datetime | None = None,
    repeat: Repeat | None = None,
) -> Job:
    """A job that finds out what a condition would do; its `result` is that of `dry_run`.

    Without a `tree`, it is that of the draft, else of what is in force.  `counting_from` and
    `repeat` are the version's own, if not given.  Nothing but the job is written.  Raises
    `NotFound` if there is nothing to try, and `Invalid` as for a draft.
    """
    known = find_draft(store, badge_type) or find_current(store, badge_type)
    if tree is None and known is None:
        raise NotFound
    usual = known.repeat_limit if known else 1
    repeat_limit = repeat.limit if repeat else usual
    check_repeat_limit(repeat_limit)
    terms = terms_for(store, badge_type, PublishPolicy.ONLY_ADD, counting_from, now)
    tried = checked(store, badge_type, known.tree if tree is None and known else tree)
    former = find_latest(store, badge_type)
    job = staged_job(
        store,
        JobState.QUEUED,
        kind=DRY_RUN,
        parameters={
            "badgeTypeId": str(badge_type.id),
            "systemCode": badge_type.system_code,
            "tree": tried.tree,
            "resolved": tried.resolved,
            "digest": digest(tried.resolved, repeat_limit),
            "countingFrom": terms.counting_from.isoformat(),
            "repeatLimit": repeat_limit,
            "formerVersionId": former and str(former.id),
        },
        stage=lambda job: stage_rows(job, [StagedRow(1)]),
        actor=actor,
    )
    announce(store, job, actor)
    return job


def _work(store: Store, job: Job, rows: Sequence[Row], now: datetime) -> Outcome:
    asked = job.parameters
    badge_type = badge_types(store).filter(id=asked["badgeTypeId"]).first()
    if badge_type is None:
        raise Conflict("The badge type was deleted.")
    question = Question(
        badge_type=badge_type,
        node=parse(asked["resolved"]),
        counting_from=datetime.fromisoformat(asked["countingFrom"]),
        repeat_limit=asked["repeatLimit"],
        former=find_latest(store, badge_type),
    )
    # Trying again with less of it, as chunks of other jobs are, would be no dry run.
    with at_most(settings.DRY_RUN_SECONDS, "The dry run"):
        result = dry_run(store, question, now=now)
    return Outcome(unchanged=len(rows), result=result)


def register_dry_runs() -> None:
    register(JobKind(DRY_RUN, "Try a condition", 2, _work, one_at_a_time=True))
