"""Evaluate a condition for everybody concerned, as a job; and take back what such a job did."""

from badges.models import ConditionVersion
from loyalty.actors import Actor
from loyalty.models import Job, Store

EVALUATE, UNDO_EVALUATION = "evaluate", "undo_evaluation"


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
    """
    raise NotImplementedError


def stage_undoing(store: Store, job: Job, *, actor: Actor) -> Job:
    """A job, made in the transaction under way, that reverses each line which `job` wrote.

    Each line once, however often that is asked for.  Raises `Conflict` while the job may still
    write, and if it was undone before.  Whoever wants the completions to stay away publishes
    conditions first that do not say them any more.
    """
    raise NotImplementedError
