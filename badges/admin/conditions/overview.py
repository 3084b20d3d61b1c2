"""How a badge is earned: what is in force, the draft, and every version before."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from badges.admin.conditions.editing import ConditionForm, initial_of
from badges.admin.conditions.frame import frame, page_url
from badges.admin.conditions.publishing import POLICIES, DiscardForm, PublishForm, RetireForm
from badges.admin.conditions.tries import (
    choices,
    first_effect,
    latest_try,
    result_of,
    sentences,
)
from badges.admin.conditions.vocabulary import vocabulary
from badges.admin.drawing import badge_name, badge_tile
from badges.admin.hand_out_many import job_url
from badges.conditions.wording_texts import so_many
from badges.models import BadgeType, ConditionVersion, MemberBadge, RefundPolicy, VersionState
from badges.selectors.condition_names import trees_said
from badges.selectors.conditions import (
    default_counting_from,
    find_current,
    find_draft,
    find_latest,
    versions_of,
)
from loyalty.admin.drawing import pill
from loyalty.admin.pages import Page, Pages
from loyalty.models import Store

_TONES = {
    VersionState.DRAFT: "warm",
    VersionState.CURRENT: "good",
    VersionState.SUPERSEDED: "quiet",
    VersionState.RETIRED: "quiet",
}
_MOST_VERSIONS = 50


def overview_page(admin: Pages, request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    store = badge_type.store
    current, draft = find_current(store, badge_type), find_draft(store, badge_type)
    versions = list(versions_of(store, badge_type).order_by("-number")[:_MOST_VERSIONS])
    shown_current, shown_draft, *shown = described(store, [current, draft, *versions])
    tried = latest_try(draft) if draft else None
    result = result_of(tried)
    return admin.show(
        request,
        "badges/admin/conditions/overview.html",
        {
            **frame(request, badge_type, "how_earned"),
            "title": f"How {badge_name(badge_type)} is earned",
            "current": shown_current,
            "draft": shown_draft,
            "versions": shown,
            "tried_url": page_url(badge_type, "dry_run", tried.id) if tried else "",
            "effects": sentences(result) if result else [],
            "try_url": page_url(badge_type, "try_condition"),
            "edit_url": page_url(badge_type, "edit_condition"),
            "publish_url": page_url(badge_type, "publish_condition"),
            "discard_url": page_url(badge_type, "discard_condition"),
            "retire_url": page_url(badge_type, "retire_condition"),
        },
    )


def described(
    store: Store, versions: Sequence[ConditionVersion | None]
) -> list[dict[str, Any] | None]:
    """Versions in words, for the templates; None where there is none."""
    words = iter(trees_said(store, [version.tree for version in versions if version]))
    return [_described(version, next(words)) if version else None for version in versions]


def _described(version: ConditionVersion, said: str) -> dict[str, Any]:
    return {
        "version": version,
        "pill": pill(version.get_state_display(), _TONES[VersionState(version.state)]),
        "said": said,
        "often": often(version.repeat_limit),
        "refund": refund_words(version),
        "policy": POLICIES[version.policy][0] if version.policy in POLICIES else "",
    }


def often(limit: int | None) -> str:
    match limit:
        case None:
            return "Again and again, without end"
        case 1:
            return "Once"
        case _:
            return f"Up to {limit:,} times"


def refund_words(version: ConditionVersion) -> str:
    match version.refund_policy:
        case RefundPolicy.KEEP:
            return "After a return the badge stays"
        case RefundPolicy.REVOKE:
            return "After a return the badge goes"
        case _:
            days = so_many(version.grace_days, "day")
            return f"After a return within {days} the badge goes"


def edit_page(admin: Pages, request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    store = badge_type.store
    begun = find_draft(store, badge_type) or find_latest(store, badge_type)
    page = Page(
        title=f"How {badge_name(badge_type)} is earned",
        button="Save the draft",
        template="badges/admin/conditions/edit.html",
        context={
            **frame(request, badge_type, "how_earned"),
            "vocabulary": vocabulary(store, badge_type),
            "back": page_url(badge_type, "how_earned"),
        },
    )
    return admin.ask(
        request,
        badge_type,
        ConditionForm,
        page,
        done="The draft was saved. Try it on history before you publish it.",
        to=page_url(badge_type, "how_earned"),
        initial=initial_of(begun, ZoneInfo(store.timezone)),
    )


def publish_page(admin: Pages, request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    """Each choice shows its effect, as the dry run of the draft found it."""
    store = badge_type.store
    draft = find_draft(store, badge_type)
    if draft is None:
        raise Http404
    (shown,) = described(store, [draft])
    latest = find_latest(store, badge_type)
    tried = latest_try(draft)
    result = result_of(tried)
    form_class = type("PublishForm", (PublishForm,), {"is_first": latest is None})
    since = latest.counting_from if latest else default_counting_from(badge_type)
    page = Page(
        title=f"Publish how {badge_name(badge_type)} is earned",
        button="Publish",
        template="badges/admin/conditions/publish.html",
        context={
            **frame(request, badge_type, "how_earned"),
            "draft": shown,
            "is_first": latest is None,
            "since": since,
            "choices": choices(result),
            "effect": first_effect(result) if result else "",
            "is_tried": result is not None,
            "tried_url": page_url(badge_type, "dry_run", tried.id) if tried else "",
            "try_url": page_url(badge_type, "try_condition"),
            "back": page_url(badge_type, "how_earned"),
        },
    )
    return admin.ask(
        request,
        badge_type,
        form_class,
        page,
        done="It is published. This job looks at the members whom it concerns.",
        to=lambda form: job_url(form.job),  # type: ignore[attr-defined]
    )


def discard_page(admin: Pages, request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    if find_draft(badge_type.store, badge_type) is None:
        return HttpResponseRedirect(page_url(badge_type, "how_earned"))
    page = Page(
        f"Discard the draft of {badge_name(badge_type)}",
        "Discard the draft",
        "What is in force stays in force. The draft is gone for good.",
        danger=True,
        context={"back": page_url(badge_type, "how_earned")},
    )
    to = page_url(badge_type, "how_earned")
    return admin.ask(request, badge_type, DiscardForm, page, done="The draft is gone.", to=to)


def retire_page(admin: Pages, request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    store = badge_type.store
    if find_current(store, badge_type) is None:
        return HttpResponseRedirect(page_url(badge_type, "how_earned"))
    holders = MemberBadge.for_store(store).filter(badge_type=badge_type).count()
    keep = {0: "Nobody holds it yet.", 1: "The one member who holds it keeps it."}
    page = Page(
        f"Retire how {badge_name(badge_type)} is earned",
        "Retire it",
        "From now on nobody earns the badge by what they do. "
        f"{keep.get(holders, f'The {holders:,} members who hold it keep it.')} It can still be"
        " handed out by hand, and you can publish conditions again later.",
        context={
            "tile": badge_tile(badge_type, size="lg"),
            "back": page_url(badge_type, "how_earned"),
        },
    )
    to = page_url(badge_type, "how_earned")
    return admin.ask(request, badge_type, RetireForm, page, done="It is retired.", to=to)
