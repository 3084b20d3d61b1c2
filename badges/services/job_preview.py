"""The first lines of a draft, each with what it would do if the job ran now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from badges.models import BadgeType
from badges.selectors.holdings import held_badges
from badges.services.jobs import NAMED_TWICE, UNKNOWN_MEMBER, planned_change
from loyalty.models import Job, JobRow, Store
from members.models import Member
from members.selectors.identifiers import member_ids
from members.selectors.members import members


@dataclass(frozen=True, slots=True)
class PreviewLine:
    row: JobRow
    member: Member | None
    before: int
    after: int
    reason: str
    problem: str


def first_lines(store: Store, job: Job, badge_type: BadgeType, most: int) -> list[PreviewLine]:
    rows = list(JobRow.for_job(job).order_by("line")[:most])
    named = [(row.identifier_key, row.identifier) for row in rows if not row.problem]
    found = member_ids(store, named)
    people = members(store).in_bulk(list(found.values()))
    held = _held(store, badge_type, list(people))
    seen: set[UUID] = set()
    lines: list[PreviewLine] = []
    for row in rows:
        member = people.get(found.get((row.identifier_key, row.identifier), row.job_id))
        problem = row.problem or _problem(member, seen)
        before = held.get(member.id, 0) if member else 0
        data: dict[str, Any] = row.data or {}
        change = 0 if problem else planned_change(job, data, before)
        lines.append(
            PreviewLine(
                row=row,
                member=member,
                before=before,
                after=before + change,
                reason=data.get("reason", ""),
                problem=problem,
            )
        )
    return lines


def _problem(member: Member | None, seen: set[UUID]) -> str:
    if member is None:
        return UNKNOWN_MEMBER
    if member.id in seen:
        return NAMED_TWICE
    seen.add(member.id)
    return ""


def _held(store: Store, badge_type: BadgeType, member_ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = held_badges(store).filter(badge_type=badge_type, member_id__in=member_ids)
    return dict(rows.values_list("member_id", "completed_count"))
