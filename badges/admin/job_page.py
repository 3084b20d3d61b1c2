"""What the page of a job shows: a draft with its effect, or a job with its progress and report."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from badges.admin.drawing import badge_name, badge_tile
from badges.admin.job_words import (
    STATE_WORDS,
    counted,
    effect_of,
    name_of,
    number,
    percent_of,
    problems_of,
    progress_sentence,
    state_pill,
    title_of,
    unit_of,
)
from badges.models import BadgeType
from badges.selectors.job_forecast import forecast
from badges.services.job_preview import PreviewLine, first_lines
from badges.services.jobs import ASSIGN
from loyalty.admin.staff import staff_of
from loyalty.models import Access, Job, JobRow, JobState, Resource, Store
from loyalty.selectors.jobs import rejected_rows
from members.admin.finding import full_name, identifiers_of

_FIRST_LINES = 12
_FIRST_REJECTED = 20
MOVING = {JobState.QUEUED, JobState.RUNNING}


def badge_type_of(job: Job) -> BadgeType | None:
    """Deleted ones, too: the job is about it all the same."""
    rows = BadgeType.for_store(job.store).select_related("store")
    return rows.filter(id=job.parameters.get("badgeTypeId")).first()


def sees_members(request: HttpRequest, store: Store) -> bool:
    return staff_of(request).may(Access.VIEW, store.id, Resource.CUSTOMER)


def draft_context(job: Job, badge_type: BadgeType) -> dict[str, Any]:
    store = job.store
    seen = forecast(store, job, badge_type)
    lines = first_lines(store, job, badge_type, _FIRST_LINES)
    blocked = ""
    if badge_type.deleted_at is not None:
        blocked = f"{badge_name(badge_type)} was deleted meanwhile."
    elif job.kind == ASSIGN and not badge_type.active:
        blocked = f"{badge_name(badge_type)} is switched off: nobody can earn it."
    elif not seen.members:
        blocked = "There is nobody to do it to."
    return {
        "title": title_of(job, badge_type),
        "job": job,
        "tile": badge_tile(badge_type, size="lg"),
        "effect": effect_of(job, badge_type, seen),
        "problems": problems_of(seen),
        "blocked": blocked,
        "lines": [_drawn(line) for line in lines],
        "more": job.total - len(lines),
        "has_reasons": any(line.reason for line in lines),
        "members_text": counted(seen.members, "member"),
        "lines_text": counted(job.total, "line"),
        "back": reverse("admin:badges_badgetype_hand_out_many", args=[badge_type.pk]),
    }


def _drawn(line: PreviewLine) -> dict[str, Any]:
    member = line.member
    return {
        "line": line,
        "name": full_name(member) if member else _named(line.row),
        "known_as": identifiers_of(member) if member else "",
        "changes": line.after != line.before,
    }


def job_context(request: HttpRequest, job: Job) -> dict[str, Any]:
    badge_type, store = badge_type_of(job), job.store
    may_see = sees_members(request, store)
    ledger = reverse("admin:badges_badgeentry_changelist")
    undone = _undone_by(job)
    rejected = _rejected(job)
    return {
        "title": title_of(job, badge_type),
        "job": job,
        "store": store,
        "badge_type": badge_type,
        "name": name_of(job, badge_type),
        "tile": badge_tile(badge_type, size="lg") if badge_type else "",
        "badge_url": _url_of(badge_type) if badge_type and not badge_type.deleted_at else "",
        "state": state_pill(job),
        "moves": job.state in MOVING,
        "progress": progress_of(job),
        "sees_members": may_see,
        "ledger_url": f"{ledger}?store={store.code}&job={job.id}" if may_see else "",
        "changed_text": counted(job.changed, unit_of(job)),
        "undone_by": undone,
        "rejected": rejected if may_see else [],
        "forgotten": job.is_finished and job.rejected and not rejected,
        "rejected_more": max(job.rejected - _FIRST_REJECTED, 0),
        "rejected_text": counted(job.rejected, unit_of(job)),
        "reason": job.parameters.get("reason", "") if not job.undoes_id else "",
    }


def progress_of(job: Job) -> dict[str, Any]:
    """What changes while a job runs: the page draws it, and asks for it again as JSON."""
    words, tone = STATE_WORDS[JobState(job.state)]
    return {
        "state": job.state,
        "stateText": words,
        "tone": tone,
        "moves": job.state in MOVING,
        "percent": percent_of(job),
        "sentence": progress_sentence(job),
        "changed": number(job.changed),
        "unchanged": number(job.unchanged),
        "rejected": number(job.rejected),
    }


def _undone_by(job: Job) -> Job | None:
    """The job that undoes this one, or did: one that was cancelled counts if it is all there is."""
    undoing = Job.for_store(job.store).filter(undoes=job).select_related("undoes")
    return undoing.order_by("-created_at").first()


def _rejected(job: Job) -> list[dict[str, Any]]:
    rows = rejected_rows(job)[:_FIRST_REJECTED]
    return [{"line": row.line, "problem": row.problem, "text": _named(row)} for row in rows]


def _named(row: JobRow) -> str:
    """What the line calls the member, or the line itself where it could not be read."""
    if not row.identifier_key:
        return row.raw
    prefix = "" if row.identifier_key in {"id", "email"} else f"{row.identifier_key}="
    return f"{prefix}{row.identifier}"


def _url_of(badge_type: BadgeType) -> str:
    return reverse("admin:badges_badgetype_change", args=[badge_type.pk])
