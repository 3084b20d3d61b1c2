"""Evaluate a condition for everybody concerned, as a job; and take back what such a job did."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from badges.conditions.tree import inputs
from badges.models import ConditionVersion, VersionState
from badges.selectors.comparison import condition_of
from badges.selectors.conditions import find_current
from badges.services.condition_locks import hold_conditions
from badges.services.evaluation import evaluate, record_evaluation
from badges.services.evaluation_undoing import reversing_lines
from badges.services.expiry import expire_badge
from badges.services.jobs import STILL_WRITES, UNKNOWN_MEMBER
from badges.services.ledger import post
from loyalty.actors import Actor
from loyalty.errors import Code, Conflict, Invalid, Violation
from loyalty.models import Job, JobState, Store
from loyalty.services.jobs.control import is_undone
from loyalty.services.jobs.creation import announce, staged_job
from loyalty.services.jobs.kinds import JobKind, Outcome, Row, actor_of, register
from loyalty.services.jobs.staging import Staged
from members.services.locking import lock_members

EVALUATE, UNDO_EVALUATION = "evaluate", "undo_evaluation"
BACKFILL = "backfill"
"""What the parameters of a job that backfills have, and of the one that undoes it; no others."""
CHUNK = 2000

REPLACED = "The conditions were replaced or retired while the job was at work."
UNDONE = "The job was undone before."

# Whoever has any fact that the condition hears, and whom conditions have given the badge.
_STAGE = """
INSERT INTO loyalty_jobrow
       (store_id, job_id, line, identifier_key, identifier, raw, problem)
SELECT %(store)s, %(job)s, row_number() OVER (ORDER BY member_id), 'id', member_id::text, '', ''
  FROM (SELECT member_id FROM members_activity
         WHERE store_id = %(store)s AND type = ANY(%(activity)s::text[])
           AND occurred_at >= %(counting_from)s AND member_id IS NOT NULL AND reversed_at IS NULL
         UNION
        SELECT member_id FROM members_pointsentry
         WHERE store_id = %(store)s AND wallet = ANY(%(points)s::text[])
         UNION
        SELECT member_id FROM members_listedmember
         WHERE store_id = %(store)s AND list_id = ANY(%(list)s::uuid[])
         UNION
        SELECT member_id FROM badges_badgeentry
         WHERE store_id = %(store)s AND badge_type_id = ANY(%(badge)s::uuid[])
         UNION
        SELECT member_id FROM badges_badgeentry
         WHERE store_id = %(store)s AND badge_type_id = %(badge_type)s
           AND completion IS NOT NULL) concerned
"""

_STAGE_UNDOING = """
INSERT INTO loyalty_jobrow
       (store_id, job_id, line, identifier_key, identifier, raw, problem)
SELECT %(store)s, %(job)s, row_number() OVER (ORDER BY member_id), 'id', member_id::text, '', ''
  FROM (SELECT member_id FROM badges_badgeentry
         WHERE store_id = %(store)s AND source_id = %(undone)s
           AND completion IS NOT NULL
         UNION
        SELECT member_id FROM badges_badgeentry
         WHERE store_id = %(store)s AND badge_type_id = %(badge_type)s::uuid
           AND version_id = %(version)s::uuid) concerned
"""


def stage_evaluation(
    store: Store,
    version: ConditionVersion,
    *,
    actor: Actor,
    silent: bool = False,
    take_away: bool = False,
) -> Job:
    """A job, made in the transaction under way, for all members whom the condition may concern.

    Those are the members about whom there is any fact that the version hears, and those whom
    conditions have given the badge.  Its lines in the ledger have the job's id as `source_id`.
    Call `change_conditions` first if the version becomes current in this transaction.
    """
    parameters = {
        "badgeTypeId": str(version.badge_type_id),
        "systemCode": version.badge_type.system_code,
        "versionId": str(version.id),
        "silent": silent,
        "takeAway": take_away,
    }

    def stage(job: Job) -> Staged:
        heard: dict[str, list[str]] = defaultdict(list)
        for name in inputs(condition_of(version)):
            kind, _, value = name.partition(":")
            heard[kind].append(value)
        return _insert(
            _STAGE,
            job,
            counting_from=version.counting_from,
            badge_type=version.badge_type_id,
            **{kind: heard[kind] for kind in ("activity", "points", "list", "badge")},
        )

    job = staged_job(
        store, JobState.QUEUED, kind=EVALUATE, parameters=parameters, stage=stage, actor=actor
    )
    announce(store, job, actor)
    return job


def stage_undoing(store: Store, job: Job, *, actor: Actor) -> Job:
    """A job, made in the transaction under way, that reverses each line which `job` wrote.

    Each line once, however often that is asked for, and dated as the line is: it never was.
    Raises `Conflict` while the job may still write, and if it was undone before.  Whoever wants
    the completions to stay away publishes conditions first that do not say them any more;
    after a backfill, what else its version has granted and they do not say goes, too.
    """
    undone = locked_to_undo(store, job)
    parameters = {**undone.parameters, "undoes": str(undone.id)}
    try:
        with transaction.atomic():
            undoing = staged_job(
                store, JobState.QUEUED, kind=UNDO_EVALUATION, parameters=parameters, actor=actor,
                undoes=undone,
                stage=lambda job: _insert(
                    _STAGE_UNDOING, job, undone=str(undone.id),
                    badge_type=parameters["badgeTypeId"], version=parameters["versionId"],
                ),
            )  # fmt: skip
    except IntegrityError as error:  # Somebody else undid it at this very moment.
        if "job_is_undone_once" not in str(error):
            raise
        raise Conflict(UNDONE) from None
    announce(store, undoing, actor)
    return undoing


def locked_to_undo(store: Store, job: Job) -> Job:
    """The job, which nobody works on or resumes until the transaction ends.

    To be called before `change_conditions`, as a worker locks its job before it holds the
    conditions.  Raises `Conflict` while the job may still write, and if it was undone before.
    """
    # Whoever resumes the job takes this lock too, and then sees that it is undone.
    locked = Job.for_store(store).select_for_update(no_key=True).get(id=job.id)
    if not locked.is_finished:
        raise Conflict(STILL_WRITES)
    if is_undone(store, locked):
        raise Conflict(UNDONE)
    return locked


def register_evaluation_kinds() -> None:
    register(JobKind(EVALUATE, "Evaluate conditions", CHUNK, _evaluate))
    register(JobKind(UNDO_EVALUATION, "Undo an evaluation", CHUNK, _undo))


def _insert(statement: str, job: Job, **values: Any) -> Staged:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"store": job.store_id, "job": job.id, **values})
        return Staged(int(cursor.rowcount), 0)


def _evaluate(store: Store, job: Job, rows: Sequence[Row], now: datetime) -> Outcome:
    hold_conditions(store)
    version = _version(store, job)
    if version.state != VersionState.CURRENT:
        raise Invalid(Violation(Code.NOT_ALLOWED, "version", REPLACED))
    members = {UUID(row.identifier): row for row in rows}
    there = lock_members(store, members)
    done = evaluate(
        store,
        version,
        there,
        actor=actor_of(job),
        now=now,
        source_id=str(job.id),
        silent=job.parameters["silent"],
        take_away=job.parameters["takeAway"],
    )
    return _outcome(members, there, done.members)


def _undo(store: Store, job: Job, rows: Sequence[Row], now: datetime) -> Outcome:
    hold_conditions(store)
    version = _version(store, job)
    members = {UUID(row.identifier): row for row in rows}
    there = lock_members(store, members)
    expire_badge(store, version.badge_type, there, now=now)
    changes = post(store, reversing_lines(store, job, version, there), actor=actor_of(job), now=now)
    record_evaluation(store, version, changes, actor=actor_of(job), silent=job.parameters["silent"])
    changed = {change.member_id for change in changes}
    # What was earned meanwhile has other numbers now that less is counted.
    current = find_current(store, version.badge_type) if BACKFILL in job.parameters else None
    if current is not None:
        done = evaluate(
            store,
            current,
            there,
            actor=actor_of(job),
            now=now,
            source_id=str(job.id),
            silent=True,
            take_away=True,
        )
        changed |= done.members
    return _outcome(members, there, changed)


def _version(store: Store, job: Job) -> ConditionVersion:
    found = ConditionVersion.for_store(store).select_related("badge_type")
    return found.get(id=job.parameters["versionId"])


def _outcome(
    members: dict[UUID, Row], there: Collection[UUID], changed: Collection[UUID]
) -> Outcome:
    outcome = Outcome(changed=len(changed), unchanged=len(there) - len(changed))
    for member_id in members.keys() - set(there):
        outcome.problems[members[member_id].line] = UNKNOWN_MEMBER
    return outcome
