"""Make jobs on badges: for named members, for those whom a filter finds, or to undo one."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet

from badges.models import BadgeType
from badges.services.jobs import ASSIGN, STILL_WRITES, badge_type_of, stage_undo
from loyalty.actors import Actor
from loyalty.errors import Code, Conflict, Invalid, Violation
from loyalty.identifiers import Identifier
from loyalty.models import Job, Store
from loyalty.services.jobs.control import is_undone
from loyalty.services.jobs.creation import Stage, create_job
from loyalty.services.jobs.drafts import draft_job, start_draft
from loyalty.services.jobs.kinds import kind_named
from loyalty.services.jobs.staging import Staged, StagedRow, stage_members, stage_rows
from members.models import Member

_UNDONE = "The job was undone before."


def create_badge_job(
    store: Store,
    *,
    kind: str,
    badge_type: BadgeType,
    stage: Stage,
    actor: Actor,
    count: int | None = None,
    reason: str = "",
) -> Job:
    """A job that assigns, revokes or sets the count of one badge type.

    Without a count, assigning gives one completion and revoking takes all of them; setting needs
    one, here or on each line.  Raises `Invalid` for an inactive badge type that would be assigned.
    """
    parameters = _parameters(kind, badge_type, count, reason)
    return create_job(store, kind=kind, parameters=parameters, stage=stage, actor=actor)


def draft_badge_job(
    store: Store,
    *,
    kind: str,
    badge_type: BadgeType,
    stage: Stage,
    actor: Actor,
    count: int | None = None,
    reason: str = "",
) -> Job:
    """The same, but nothing happens before `start_badge_job`: what it would do can be looked at."""
    parameters = _parameters(kind, badge_type, count, reason)
    return draft_job(store, kind=kind, parameters=parameters, stage=stage, actor=actor)


def start_badge_job(store: Store, *, job: Job, actor: Actor, now: datetime) -> Job:
    """Let the workers have a draft.  Raises `Invalid` if its badge type went away meanwhile."""
    badge_type_of(store, job)
    return start_draft(store, job=job, actor=actor, now=now)


def _parameters(kind: str, badge_type: BadgeType, count: int | None, reason: str) -> dict[str, Any]:
    if kind == ASSIGN and not badge_type.active:
        message = "The badge type is not active."
        raise Invalid(Violation(Code.NOT_ALLOWED, "badgeType", message))
    parameters: dict[str, Any] = {
        "badgeTypeId": str(badge_type.id),
        "systemCode": badge_type.system_code,
        "reason": reason,
    }
    if count is not None:
        parameters["count"] = count
    return parameters


def undo_job(store: Store, *, job: Job, actor: Actor) -> Job:
    """A job that reverses every line that another one wrote in the ledger.

    Raises `Conflict` while that one may still write, and if it was undone before.
    """
    undone_by = kind_named(job.kind).undone_by
    if not undone_by:
        raise Conflict("A job of this kind cannot be undone.")
    if not job.is_finished:
        raise Conflict(STILL_WRITES)
    if is_undone(store, job):
        raise Conflict(_UNDONE)
    parameters = {**job.parameters, "undoes": str(job.id), "reason": f"Undo of job {job.id}"}
    parameters.pop("count", None)
    stage = stage_undo(job)
    try:
        return create_job(
            store, kind=undone_by, parameters=parameters, stage=stage, actor=actor, undoes=job
        )
    except IntegrityError as error:  # Somebody else undid it at this very moment.
        if "job_is_undone_once" not in str(error):
            raise
        raise Conflict(_UNDONE) from None


def stage_identifiers(identifiers: Iterable[Identifier]) -> Stage:
    """One line for each, numbered from 1."""

    def stage(job: Job) -> Staged:
        return stage_rows(
            job,
            (
                StagedRow(line, identifier.key, identifier.value)
                for line, identifier in enumerate(identifiers, start=1)
            ),
        )

    return stage


def stage_chosen(members: QuerySet[Member]) -> Stage:
    """One line for each member that the query finds now."""
    return lambda job: stage_members(job, members)
