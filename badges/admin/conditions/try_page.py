"""Try a condition on history: start, wait, look at the result, and give what it shows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.formats import date_format

from badges.admin.conditions.chart import Curve, curve
from badges.admin.conditions.frame import frame, may_change, page_url, sees_members
from badges.admin.conditions.publishing import BackfillForm, TryForm
from badges.admin.conditions.tries import (
    Result,
    choices,
    day_of,
    days_of,
    result_of,
    sentences,
    tells_of,
)
from badges.admin.drawing import badge_name
from badges.admin.hand_out_many import job_url
from badges.admin.job_page import MOVING
from badges.admin.job_words import counted, number, state_pill
from badges.models import BadgeType
from badges.selectors.condition_names import trees_said
from badges.selectors.conditions import (
    default_counting_from,
    find_current,
    find_draft,
    find_latest,
)
from badges.selectors.dry_runs import get_dry_run
from loyalty.admin.pages import Page, Pages
from loyalty.errors import NotFound
from loyalty.models import Job, Store
from members.admin.finding import full_name, identifiers_of
from members.models import Member


def try_page(admin: Pages, request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    """Asks from which day on, unless that was sent with the button."""
    store = badge_type.store
    if find_draft(store, badge_type) is None and find_current(store, badge_type) is None:
        raise Http404
    page = Page(
        f"Try on history how {badge_name(badge_type)} is earned",
        "Try it on history",
        "Nothing is given to anybody: you see who would have earned it, and when.",
        context={"back": page_url(badge_type, "how_earned")},
    )

    def to(form: Any) -> str:
        return page_url(badge_type, "dry_run", form.job.id)

    return admin.ask(request, badge_type, TryForm, page, done="", to=to)


def result_page(
    admin: Pages, request: HttpRequest, badge_type: BadgeType, job_id: UUID
) -> HttpResponse:
    job, store = _job(badge_type, job_id), badge_type.store
    result = result_of(job)
    draft = find_draft(store, badge_type)
    current = find_current(store, badge_type)
    (tree_said,) = trees_said(store, [job.parameters["tree"]])
    return admin.show(
        request,
        "badges/admin/conditions/dry_run.html",
        {
            **frame(request, badge_type, "how_earned"),
            "title": f"{badge_name(badge_type)}, tried on history",
            "job": job,
            "job_url": job_url(job),
            "state": state_pill(job),
            "said": tree_said,
            "moves": job.state in MOVING,
            "progress_url": page_url(badge_type, "dry_run_progress", job.id),
            "result": result,
            "is_draft": tells_of(job, draft),
            "is_current": tells_of(job, current),
            "may_backfill": result is not None and _looks_back(badge_type, result),
            "try_url": page_url(badge_type, "try_condition"),
            "edit_url": page_url(badge_type, "edit_condition"),
            "publish_url": page_url(badge_type, "publish_condition"),
            "backfill_url": page_url(badge_type, "backfill", job.id),
            **(_shown(store, result, names=sees_members(request, store)) if result else {}),
        },
    )


def _shown(store: Store, result: Result, *, names: bool) -> dict[str, Any]:
    drawn = curve(days_of(result))
    people = _people(store, result) if names else {}
    sides = [("gained", "Who gains it"), ("lost", "Who loses it"), ("kept", "Who keeps it")]
    return {
        "sentences": sentences(result),
        "since": day_of(result["countingFrom"]),
        "members": number(result["members"]),
        "completions": number(result["completions"]),
        "curve": drawn,
        "curve_words": _in_words(drawn),
        "curve_unit": result["curve"]["unit"],
        "choices": choices(result) if result["isEdit"] else choices(result)[1:2],
        "sample": _listed(result["sample"], people),
        "sides": [
            {
                "title": title,
                "members": number(result[key]["members"]),
                "more": result[key]["members"] - len(result[key]["sample"]),
                "people": _listed(result[key]["sample"], people),
                "key": key,
            }
            for key, title in sides
        ]
        if result["isEdit"]
        else [],
        "more": result["members"] - len(result["sample"]),
    }


def _in_words(drawn: Curve | None) -> str:
    """What the curve shows, for those who cannot see it."""
    if drawn is None:
        return ""
    first, last = drawn.rows[0], drawn.rows[-1]
    return (
        f"From {counted(first[2], 'member')} by {date_format(first[0], 'j M Y')}"
        f" to {number(last[2])} by {date_format(last[0], 'j M Y')}."
    )


def _people(store: Store, result: Result) -> dict[str, Member]:
    lists = [result["sample"], *(result[key]["sample"] for key in ("gained", "lost", "kept"))]
    ids = {one["customerId"] for people in lists for one in people}
    return {str(row.id): row for row in Member.for_store(store).filter(id__in=ids)}


def _listed(sample: list[dict[str, Any]], people: dict[str, Member]) -> list[dict[str, Any]]:
    """Those who are still there, and whose names may be seen."""
    return [
        {
            "name": full_name(member),
            "known_as": identifiers_of(member),
            "url": reverse("admin:members_member_change", args=[member.id]),
            "times": one["times"],
            "first": day_of(one["firstAt"]),
        }
        for one in sample
        if (member := people.get(one["customerId"]))
    ]


def _looks_back(badge_type: BadgeType, result: Result) -> bool:
    """Whether it counted from an earlier moment than the badge does."""
    latest = find_latest(badge_type.store, badge_type)
    began = latest.counting_from if latest else default_counting_from(badge_type)
    return began is not None and datetime.fromisoformat(result["countingFrom"]) < began


def progress(badge_type: BadgeType, job_id: UUID) -> HttpResponse:
    """What the page asks for until there is a result."""
    job = _job(badge_type, job_id)
    return JsonResponse({"moves": job.state in MOVING}, headers={"Cache-Control": "no-store"})


def backfill_page(
    admin: Pages, request: HttpRequest, badge_type: BadgeType, job_id: UUID
) -> HttpResponse:
    """Give what the dry run has shown, with true dates."""
    job = _job(badge_type, job_id)
    result = result_of(job)
    if result is None or not may_change(request, badge_type.store):
        raise Http404
    effect = choices(result)[1]["effect"]
    since = day_of(result["countingFrom"])
    page = Page(
        f"Give {badge_name(badge_type)} for what happened since {since}",
        "Give it",
        f"{effect} From then on the badge counts what happened since {since}. A job does it,"
        " which you can watch, and undo as a whole.",
        context={"back": page_url(badge_type, "dry_run", job.id)},
    )
    form = type("BackfillForm", (BackfillForm,), {"dry_run": job})

    def to(form: Any) -> str:
        return job_url(form.job)

    done = "It is on its way: this job gives the badges."
    return admin.ask(request, badge_type, form, page, done=done, to=to)


def _job(badge_type: BadgeType, job_id: UUID) -> Job:
    try:
        return get_dry_run(badge_type.store, badge_type, job_id)
    except NotFound:
        raise Http404 from None
