"""Bulk work on badges: assign, revoke, set the count, and undo what a job did.

Each kind works on one badge type.  A member counts once in a job: the occurrence key of a line is
made of the job and the member, so a chunk that is repeated, or a member who is named on two lines,
changes nothing more.  What undoes a line has a key made of the job that wrote the line, so however
often a job is undone, each of its lines is reversed once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from badges.models import BadgeType, EntryKind
from badges.selectors.badge_types import badge_types
from badges.selectors.job_entries import keys_of, undo_keys
from badges.services.expiry import expire_badge
from badges.services.ledger import Line, post, record_changes
from loyalty.errors import Code, Conflict, Invalid, Violation
from loyalty.models import Job, Store
from loyalty.services.jobs.kinds import JobKind, Outcome, Row, actor_of, register
from loyalty.services.jobs.staging import Staged
from members.selectors.identifiers import member_ids
from members.services.locking import lock_members

ASSIGN, REVOKE, SET_COUNT, UNDO = "assign", "revoke", "set_count", "undo"
KINDS = (ASSIGN, REVOKE, SET_COUNT, UNDO)

CHUNK = 5000

UNKNOWN_MEMBER = "There is no such member."
NAMED_TWICE = "The member was named before in this job."
STILL_WRITES = "Cancel the job first, or wait for its end."
MAX_COUNT = 2**31 - 1

Plan = Callable[[int, int], tuple[EntryKind, int]]
"""From the count that a row asks for and the count held, to the kind of line and its delta."""


def assign(asked: int, held: int) -> tuple[EntryKind, int]:
    return EntryKind.GRANT, min(asked, MAX_COUNT - held)


def revoke(asked: int, held: int) -> tuple[EntryKind, int]:
    """Take `asked` completions away, or all of them for 0."""
    return EntryKind.REVOCATION, -(min(asked, held) if asked else held)


def set_count(asked: int, held: int) -> tuple[EntryKind, int]:
    kind = EntryKind.CORRECTION if asked else EntryKind.REVOCATION
    return kind, asked - held


def undo(asked: int, held: int) -> tuple[EntryKind, int]:
    """Reverse a line that changed the count by `asked`, as far as the member still has it."""
    if asked < 0:
        return EntryKind.REINSTATEMENT, min(-asked, MAX_COUNT - held)
    return EntryKind.REVOCATION, -min(asked, held)


def badge_type_of(store: Store, job: Job) -> BadgeType:
    """The job's badge type; raises if there is nothing to be given any more."""
    found = badge_types(store).filter(id=job.parameters["badgeTypeId"]).first()
    if found is None:
        raise Invalid(Violation(Code.NOT_ALLOWED, "badgeType", "The badge type was deleted."))
    if job.kind == ASSIGN and not found.active:
        raise Invalid(Violation(Code.NOT_ALLOWED, "badgeType", "The badge type is not active."))
    return found


@dataclass(frozen=True, slots=True)
class _Worker:
    """One kind's chunk: find the members, lock them, plan a line for each, post."""

    plan: Plan
    default_count: int = 0

    def planned(self, job: Job, data: Mapping[str, Any], held: int) -> tuple[EntryKind, int]:
        """What a row of the job does to a member who has the badge `held` times."""
        asked = data.get("count", job.parameters.get("count", self.default_count))
        return self.plan(asked, held)

    def __call__(self, store: Store, job: Job, rows: Sequence[Row], now: datetime) -> Outcome:
        badge_type = badge_type_of(store, job)
        outcome = Outcome()
        by_member = _rows_by_member(store, rows, outcome)
        locked = lock_members(store, by_member)
        expire_badge(store, badge_type, locked, now=now)
        held = _held(store, badge_type, locked)
        lines: dict[UUID, Line] = {}
        keys = keys_of(job)
        for member_id, row in by_member.items():
            if member_id not in locked:
                outcome.problems[row.line] = UNKNOWN_MEMBER
                continue
            kind, delta = self.planned(job, row.data, held.get(member_id, 0))
            if delta == 0:
                outcome.unchanged += 1
                continue
            lines[member_id] = Line(
                member_id,
                badge_type.id,
                kind,
                delta,
                occurred_at=_moment(row, now),
                reason=row.data.get("reason") or job.parameters.get("reason", ""),
                source_id=str(job.id),
                occurrence_key=f"{keys.first}{member_id}",
            )
        self._post(store, job, badge_type, lines, by_member, outcome, now)
        return outcome

    def _post(
        self,
        store: Store,
        job: Job,
        badge_type: BadgeType,
        lines: dict[UUID, Line],
        by_member: dict[UUID, Row],
        outcome: Outcome,
        now: datetime,
    ) -> None:
        actor = actor_of(job)
        changes = post(store, list(lines.values()), actor=actor, now=now)
        corrected = job.kind != ASSIGN
        record_changes(store, changes, badge_type=badge_type, actor=actor, corrected=corrected)
        outcome.changed += len(changes)
        posted = {change.member_id for change in changes}
        for member_id in lines.keys() - posted:
            outcome.problems[by_member[member_id].line] = NAMED_TWICE


def stage_undo(undone: Job) -> Callable[[Job], Staged]:
    """Stage the lines of the ledger that the job wrote, to be reversed one by one.

    Without those that an undo reversed which was cancelled half-way.
    """

    def stage(job: Job) -> Staged:
        # Whoever resumes the job takes this lock too, and then sees that it is undone.
        locked = Job.for_store(job.store).select_for_update(no_key=True).get(id=undone.id)
        if not locked.is_finished:
            raise Conflict(STILL_WRITES)
        keys = keys_of(undone)
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO loyalty_jobrow
                       (store_id, job_id, line, identifier_key, identifier, data, raw, problem)
                SELECT store_id, %(job)s, row_number() OVER (ORDER BY occurrence_key), 'id',
                       member_id::text, jsonb_build_object('count', delta), '', ''
                  FROM badges_badgeentry written
                 WHERE store_id = %(store)s
                   AND occurrence_key >= %(first)s AND occurrence_key < %(end)s
                   AND NOT EXISTS (
                       SELECT FROM badges_badgeentry reversed
                        WHERE reversed.store_id = written.store_id
                          AND reversed.occurrence_key = %(undo)s || written.member_id::text)
                """,
                {
                    "job": job.id,
                    "store": job.store_id,
                    "undo": undo_keys(undone.id),
                    "first": keys.first,
                    "end": keys.end,
                },
            )
            return Staged(int(cursor.rowcount), 0)

    return stage


_WORKERS = {
    ASSIGN: _Worker(assign, 1),
    REVOKE: _Worker(revoke),
    SET_COUNT: _Worker(set_count),
    UNDO: _Worker(undo),
}


def planned_change(job: Job, data: Mapping[str, Any], held: int) -> int:
    """By how much a row of the job would change a count that is `held` now."""
    return _WORKERS[job.kind].planned(job, data, held)[1]


def register_kinds() -> None:
    register(JobKind(ASSIGN, "Assign a badge", CHUNK, _WORKERS[ASSIGN], undone_by=UNDO))
    register(JobKind(REVOKE, "Revoke a badge", CHUNK, _WORKERS[REVOKE], undone_by=UNDO))
    register(JobKind(SET_COUNT, "Set the count of a badge", CHUNK, _WORKERS[SET_COUNT], UNDO))
    register(JobKind(UNDO, "Undo a job", CHUNK, _WORKERS[UNDO]))


def _rows_by_member(store: Store, rows: Sequence[Row], outcome: Outcome) -> dict[UUID, Row]:
    """Each member's first row; rows that name nobody, or somebody again, have a problem."""
    found = member_ids(store, [(row.identifier_key, row.identifier) for row in rows])
    by_member: dict[UUID, Row] = {}
    for row in rows:
        member_id = found.get((row.identifier_key, row.identifier))
        if member_id is None:
            outcome.problems[row.line] = UNKNOWN_MEMBER
        elif member_id in by_member:
            outcome.problems[row.line] = NAMED_TWICE
        else:
            by_member[member_id] = row
    return by_member


# Member by member: of a new store or badge PostgreSQL knows no figures, takes either for rare, and
# would read all of its holders.  A column, unlike a constant, is not looked up in the figures.
_HELD = """
WITH given AS MATERIALIZED (
    SELECT %(store)s::uuid AS store_id, unnest(%(members)b::uuid[]) AS member_id
)
SELECT given.member_id, held.completed_count
  FROM given CROSS JOIN LATERAL (
       SELECT badge_type_id, completed_count FROM badges_memberbadge held
        WHERE held.store_id = given.store_id AND held.member_id = given.member_id OFFSET 0) held
 WHERE held.badge_type_id = %(badge_type)s
"""


def _held(store: Store, badge_type: BadgeType, members: Iterable[UUID]) -> dict[UUID, int]:
    values: dict[str, Any] = {
        "store": store.id,
        "badge_type": badge_type.id,
        "members": list(members),
    }
    with connection.cursor() as cursor:
        cursor.execute(_HELD, values)
        return dict(cursor.fetchall())


def _moment(row: Row, now: datetime) -> datetime:
    earned_at = row.data.get("earnedAt")
    return datetime.fromisoformat(earned_at) if earned_at else now
