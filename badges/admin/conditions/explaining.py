"""Why a member has a badge, or what is missing: the page for who answers such questions."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from badges.admin.conditions.choosing import why_url
from badges.admin.conditions.evidence import evidence
from badges.admin.conditions.frame import frame
from badges.admin.conditions.overview import often
from badges.admin.drawing import badge_name
from badges.conditions.progress import Progress
from badges.conditions.query import Scope
from badges.conditions.tree import Node, Threshold, checked_leaf, is_steady
from badges.conditions.wording import heading_of, own_words
from badges.conditions.wording_names import Names
from badges.conditions.wording_texts import joined, plain
from badges.models import BadgeEntry, BadgeType, ConditionVersion, MemberBadge
from badges.selectors.comparison import condition_of
from badges.selectors.condition_names import names_for
from badges.selectors.condition_progress import BadgeProgress, progress_with_badge
from badges.selectors.conditions import find_current
from loyalty.admin.drawing import delta
from loyalty.admin.pages import Pages
from loyalty.errors import NotFound
from members.admin.finding import full_name, identifiers_of
from members.models import Member

_MOST_LINES = 50
_ORDINALS = {1: "first", 2: "second", 3: "third"}


def explanation_page(
    admin: Pages, request: HttpRequest, member: Member, badge_type: BadgeType
) -> HttpResponse:
    store = badge_type.store
    version = find_current(store, badge_type)
    found = _progress(member, badge_type)
    node = condition_of(version) if version and found else None
    names = names_for(store, [node]) if node else None
    held = MemberBadge.for_store(store).filter(member=member, badge_type=badge_type).first()
    who = full_name(member)
    ledger = reverse("admin:badges_badgeentry_changelist")
    return admin.show(
        request,
        "badges/admin/conditions/explained.html",
        {
            **frame(request, badge_type, "explain"),
            "title": f"{who} and {badge_name(badge_type)}",
            "who": who,
            "known_as": identifiers_of(member),
            "answer": _answer(who, badge_name(badge_type), held),
            "missing": _missing(badge_type, version, found) or _needed(found, node, names),
            "version": version,
            "often": often(version.repeat_limit) if version else "",
            "time": found.time if found else 0,
            "time_text": _ORDINALS.get(found.time, f"{found.time}th") if found else "",
            "node": _drawn(version, node, found, names, member)
            if version and node and found and names
            else None,
            "entries": _lines(member, badge_type),
            "ledger_url": f"{ledger}?store={store.code}&q={member.id}",
            "member_url": reverse("admin:members_member_change", args=[member.id]),
            "other_url": reverse("admin:members_member_why", args=[member.id]),
            "this_url": why_url(member, badge_type.id),
        },
    )


def _progress(member: Member, badge_type: BadgeType) -> BadgeProgress | None:
    """None for a badge that nobody can earn now."""
    now = timezone.now()
    try:
        return progress_with_badge(badge_type.store, member, badge_type, now=now, with_hidden=True)
    except NotFound:
        return None


def _drawn(
    version: ConditionVersion, node: Node, found: BadgeProgress, names: Names, member: Member
) -> dict[str, Any]:
    assert version.counting_from is not None  # noqa: S101 (it was published)
    scope = Scope(version.store, version.counting_from, found.time, [member.id])
    now = timezone.now()

    def looked_into(leaf: Node) -> dict[str, Any]:
        return evidence(checked_leaf(leaf), scope, member.id, names, now=now)

    return drawn(node, found.condition, names, looked_into)


def drawn(
    node: Node, so_far: Progress, names: Names, looked_into: Callable[[Node], dict[str, Any]]
) -> dict[str, Any]:
    """One condition for the template, with those below it."""
    facts = {} if isinstance(node, Threshold) else looked_into(node)
    return {
        **facts,
        "words": heading_of(node)
        if isinstance(node, Threshold)
        else _titled(node, _capital(own_words(node, names))),
        "so_far": _so_far(node, so_far),
        "completed": so_far.completed,
        "percent": so_far.percent,
        "children": [
            drawn(child, below, names, looked_into)
            for child, below in zip(node.conditions, so_far.conditions, strict=True)
        ]
        if isinstance(node, Threshold)
        else [],
    }


def _so_far(node: Node, so_far: Progress) -> str:
    if so_far.completed:
        when = so_far.completed_at
        since = f" on {date_format(timezone.localtime(when), 'j M Y, H:i')}" if when else ""
        return f"Met{since}."
    if isinstance(node, Threshold):
        return f"{plain(so_far.current)} of {plain(so_far.target)} so far."
    if so_far.target == 1 or (is_steady(node) and so_far.current == 0):
        return "Not yet."
    rest = so_far.target - so_far.current
    return f"{plain(so_far.current)} of {plain(so_far.target)} so far, {plain(rest)} to go."


def _answer(who: str, name: str, held: MemberBadge | None) -> str:
    if held is None:
        return f"{who} does not have {name}."
    first = date_format(timezone.localtime(held.first_earned_at), "j M Y, H:i")
    if held.completed_count == 1:
        return f"{who} has {name}, since {first}."
    last = date_format(timezone.localtime(held.last_earned_at), "j M Y, H:i")
    return f"{who} has {name} {held.completed_count:,} times, first on {first}, last on {last}."


def _missing(
    badge_type: BadgeType, version: ConditionVersion | None, found: BadgeProgress | None
) -> str:
    if version is None:
        return "Nobody earns it by what they do: it is handed out by hand, or by another system."
    if not badge_type.active or found is None:
        return "The badge is switched off: nobody earns it at present."
    if found.is_finished:
        return "Everything that is asked for is done, and it cannot be earned once more."
    if found.condition.completed:
        return "Everything that is asked for is done: the badge is on its way."
    return ""


def _needed(found: BadgeProgress | None, node: Node | None, names: Names | None) -> str:
    if found is None or node is None or names is None:
        return ""
    again = " once more" if found.time > 1 else ""
    needed = _unmet(node, found.condition, names)
    return f"It is earned{again} as soon as the member {needed}."


def _unmet(node: Node, so_far: Progress, names: Names, *, inner: bool = False) -> str:
    """What is left to do, in one line; of a group with a choice, the choice."""
    if not isinstance(node, Threshold):
        return own_words(node, names)
    below = zip(node.conditions, so_far.conditions, strict=True)
    parts = [
        _unmet(child, state, names, inner=True) for child, state in below if not state.completed
    ]
    rest = int(so_far.target - so_far.current)
    if len(parts) <= rest:
        words = joined(parts, "and")
    elif rest == 1:
        words = joined(parts, "or")
    else:
        words = f"meets {rest} of these: {joined(parts, 'or')}"
    return f"({words})" if inner and len(parts) > 1 else words


def _lines(member: Member, badge_type: BadgeType) -> list[dict[str, Any]]:
    rows = (
        BadgeEntry.for_store(badge_type.store)
        .filter(member=member, badge_type=badge_type)
        .select_related("version")
        .order_by("-recorded_at", "-id")[:_MOST_LINES]
    )
    return [
        {
            "entry": row,
            "change": delta(row.delta),
            "version": row.version.number if row.version else None,
        }
        for row in rows
    ]


def _titled(node: Node, words: str) -> str:
    """With what people call it, such as the name of the rule that it came from."""
    return f"{node.description}: {words}" if node.description else words


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
