"""Evaluate a condition for everybody concerned, as a job; and take back what such a job did."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from badges.conditions.tree import inputs
from badges.models import BadgeEntry, ConditionVersion, EntryKind, MemberBadge, VersionState
from badges.selectors.comparison import condition_of
from badges.selectors.conditions import find_current
from badges.services.condition_locks import hold_conditions
from badges.services.evaluation import evaluate, record_evaluation
from badges.services.expiry import expire_badge
from badges.services.jobs import STILL_WRITES, UNKNOWN_MEMBER
from badges.services.ledger import Line, post
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
    # Whoever resumes the job takes this lock too, and then sees that it is undone.
    undone = Job.for_store(store).select_for_update(no_key=True).get(id=job.id)
    if not undone.is_finished:
        raise Conflict(STILL_WRITES)
    if is_undone(store, undone):
        raise Conflict(UNDONE)
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
    changes = post(store, _reversed(store, job, version, there), actor=actor_of(job), now=now)
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


def _reversed(
    store: Store, job: Job, version: ConditionVersion, members: Collection[UUID]
) -> list[Line]:
    """What reverses the lines, as far as the member still has what they gave."""
    held = dict(
        MemberBadge.for_store(store)
        .filter(badge_type=version.badge_type_id, member_id__in=members)
        .values_list("member_id", "completed_count")
    )
    written = BadgeEntry.for_store(store).filter(
        source_id=str(job.undoes_id), completion__isnull=False, member_id__in=members
    )
    keys = {f"undo:{entry_id}" for entry_id in written.values_list("id", flat=True)}
    before = BadgeEntry.for_store(store).filter(occurrence_key__in=keys)
    known = set(before.values_list("occurrence_key", flat=True))
    by_member: dict[UUID, list[BadgeEntry]] = defaultdict(list)
    for entry in written.order_by("member_id", "delta", "-completion"):
        if f"undo:{entry.id}" not in known:
            by_member[entry.member_id].append(entry)
    return [
        _line(job, entry)
        for member_id, entries in by_member.items()
        for entry in _as_far_as_held(entries, held.get(member_id, 0))
    ]


def _as_far_as_held(entries: Iterable[BadgeEntry], held: int) -> Iterable[BadgeEntry]:
    """First what gives back, then what takes away: the latest completions are given up first."""
    for entry in entries:
        if held - entry.delta >= 0:
            held -= entry.delta
            yield entry


def _line(job: Job, entry: BadgeEntry) -> Line:
    return Line(
        entry.member_id,
        entry.badge_type_id,
        EntryKind.REVOCATION if entry.delta > 0 else EntryKind.REINSTATEMENT,
        -entry.delta,
        entry.occurred_at,
        f"Undo of job {job.undoes_id}",
        str(job.id),
        f"undo:{entry.id}",
        entry.version_id,
        entry.completion,
    )


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
