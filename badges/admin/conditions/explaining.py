"""Why a member has a badge, or what is missing: the page for who answers such questions."""

from collections.abc import Sequence
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
from badges.conditions.explanation import Explanation
from badges.conditions.progress import Progress
from badges.conditions.tree import (
    Calendar,
    Count,
    Leaf,
    Node,
    Sum,
    Threshold,
    checked_leaf,
    is_steady,
)
from badges.conditions.wording import heading_of, own_words
from badges.conditions.wording_names import NO_NAMES, Names
from badges.conditions.wording_texts import joined, ordinal, plain
from badges.models import BadgeType, MemberBadge
from badges.selectors.comparison import condition_of
from badges.selectors.condition_explanations import explain_badge
from badges.selectors.condition_names import names_for
from badges.selectors.condition_progress import BadgeProgress
from loyalty.admin.drawing import delta
from loyalty.admin.pages import Pages
from members.admin.finding import full_name, identifiers_of
from members.models import Member


def explanation_page(
    admin: Pages, request: HttpRequest, member: Member, badge_type: BadgeType
) -> HttpResponse:
    store = badge_type.store
    told = explain_badge(store, member, badge_type, now=timezone.now(), with_hidden=True)
    version, found = told.version, told.progress
    node = condition_of(version) if version and found else None
    names = names_for(store, [node]) if node else NO_NAMES
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
            "missing": " ".join(told.notes) or _needed(found, node, names),
            "version": version,
            "often": often(version.repeat_limit) if version else "",
            "time": found.time if found else 0,
            "time_text": ordinal(found.time) if found else "",
            "node": _drawn(node, found.condition, names, told.leaves) if node and found else None,
            "entries": [
                {
                    "entry": line,
                    "change": delta(line.delta),
                    "version": line.version.number if line.version else None,
                }
                for line in told.lines
            ],
            "ledger_url": f"{ledger}?store={store.code}&q={member.id}",
            "member_url": reverse("admin:members_member_change", args=[member.id]),
            "other_url": reverse("admin:members_member_why", args=[member.id]),
            "this_url": why_url(member, badge_type.id),
        },
    )


def _drawn(
    node: Node, so_far: Progress, names: Names, explained: Sequence[Explanation]
) -> dict[str, Any]:
    """The condition for the template, with those below it."""
    by_id = {each.node_id: each for each in explained}

    def drawn(node: Node, so_far: Progress) -> dict[str, Any]:
        common = {
            "so_far": _so_far(node, so_far),
            "completed": so_far.completed,
            "percent": so_far.percent,
        }
        if not isinstance(node, Threshold):
            leaf = checked_leaf(node)
            facts = evidence(leaf, by_id[node.id], names)
            if used_up := _used_up(leaf, so_far, by_id[node.id]):
                common["so_far"] = used_up
            words = _titled(node, _capital(own_words(node, names)))
            return {**facts, **common, "words": words, "children": []}
        below = zip(node.conditions, so_far.conditions, strict=True)
        children = [drawn(child, state) for child, state in below]
        return {**common, "words": heading_of(node), "children": children}

    return drawn(node, so_far)


def _used_up(leaf: Leaf, so_far: Progress, explained: Explanation) -> str:
    """Of a calendar, each period counts once; empty if this one may still."""
    window = leaf.window if isinstance(leaf, Count | Sum) else None
    if not isinstance(window, Calendar) or so_far.completed or so_far.current:
        return ""
    if explained.total_counted == 0:
        return ""
    return f"Met already in this {window.period}; the next {window.period} counts anew."


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


def _needed(found: BadgeProgress | None, node: Node | None, names: Names) -> str:
    if found is None or node is None:
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


def _titled(node: Node, words: str) -> str:
    """With what people call it, such as the name of the rule that it came from."""
    return f"{node.description}: {words}" if node.description else words


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
