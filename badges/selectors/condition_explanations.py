"""Why a member has a badge, or lacks it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from badges.conditions.explanation import Explanation, explain
from badges.conditions.progress import Progress
from badges.conditions.query import Scope
from badges.conditions.tree import Held, Leaf, leaves
from badges.conditions.wording_texts import plain
from badges.models import BadgeEntry, BadgeType, ConditionVersion
from badges.selectors.comparison import condition_of
from badges.selectors.condition_names import hidden_badges
from badges.selectors.condition_progress import BadgeProgress, find_progress
from badges.selectors.conditions import find_current
from loyalty.errors import NotFound
from loyalty.models import Store
from members.models import Member

LATEST_LINES = 100

INACTIVE = "The badge is switched off: nobody earns it at present."
NO_CONDITION = "Nobody earns it by what they do: it is handed out by hand, or by another system."
FINISHED = "Everything that is asked for is done, and it cannot be earned once more."
ANONYMIZED = "The member was anonymized, and earns nothing any more."
DUE = "Everything that is asked for is done: the badge is on its way."


@dataclass(frozen=True, slots=True)
class BadgeExplanation:
    """`words` say the whole condition, `missing` what the next completion still takes.

    `leaves` tell of each leaf what counted and what nearly did; `lines` are the member's lines in
    the ledger about this badge, the latest first, up to 100.  Without a condition in force there
    are only the notes and the lines.
    """

    badge_type: BadgeType
    version: ConditionVersion | None
    progress: BadgeProgress | None
    words: str
    missing: Sequence[str]
    notes: Sequence[str]
    leaves: Sequence[Explanation]
    lines: Sequence[BadgeEntry]


def explain_badge(
    store: Store,
    member: Member,
    badge_type: BadgeType,
    *,
    now: datetime,
    locale: str | None = None,
    with_hidden: bool = False,
) -> BadgeExplanation:
    """Everything that is known; what of it a member may see, the edge decides.

    Without `with_hidden` it raises `NotFound` for a badge whose condition is hidden, inactive or
    not there, as if the badge were not.
    """
    progress = find_progress(
        store, member, badge_type, now=now, locale=locale, with_hidden=with_hidden
    )
    version = find_current(store, badge_type)
    if progress is None and not with_hidden:
        raise NotFound
    if progress is None or version is None or version.counting_from is None:
        return BadgeExplanation(
            badge_type, version, None, "", [], list(_notes(member, badge_type, version, None)), [],
            _lines(store, member, badge_type),
        )  # fmt: skip
    node = condition_of(version)
    scope = Scope(store, version.counting_from, progress.time, [member.id])
    return BadgeExplanation(
        badge_type=badge_type,
        version=version,
        progress=progress,
        words=progress.condition.description,
        missing=[] if progress.is_finished else list(_missing(progress.condition)),
        notes=list(_notes(member, badge_type, version, progress)),
        leaves=[
            explain(leaf, scope, member.id, now=now)
            for leaf in _told(store, leaves(node), with_hidden=with_hidden)
        ],
        lines=_lines(store, member, badge_type),
    )


def _told(store: Store, of_tree: Iterable[Leaf], *, with_hidden: bool) -> list[Leaf]:
    """Without what would tell when the member got a hidden badge."""
    every = list(of_tree)
    if with_hidden:
        return every
    held = {leaf.badge_type_id for leaf in every if isinstance(leaf, Held) and leaf.badge_type_id}
    secret = hidden_badges(store, held) if held else set()
    return [leaf for leaf in every if not (isinstance(leaf, Held) and leaf.badge_type_id in secret)]


def _notes(
    member: Member,
    badge_type: BadgeType,
    version: ConditionVersion | None,
    progress: BadgeProgress | None,
) -> Iterator[str]:
    if not badge_type.active:
        yield INACTIVE
    if version is None:
        yield NO_CONDITION
    if member.anonymized:
        yield ANONYMIZED
    if progress is None:
        return
    if progress.is_finished:
        yield FINISHED
    elif progress.condition.completed and not member.anonymized:
        yield DUE


def _missing(progress: Progress) -> Iterator[str]:
    """Of each leaf that is not met, what it is and how much of it is there."""
    if progress.completed:
        return
    for child in progress.conditions:
        yield from _missing(child)
    if not progress.conditions:
        what = progress.description
        if progress.target == 1:
            yield what
        else:
            yield f"{what}: {plain(progress.current)} of {plain(progress.target)}"


def _lines(store: Store, member: Member, badge_type: BadgeType) -> Sequence[BadgeEntry]:
    found = BadgeEntry.for_store(store).filter(member=member, badge_type=badge_type)
    return list(found.select_related("version").order_by("-recorded_at", "-id")[:LATEST_LINES])
