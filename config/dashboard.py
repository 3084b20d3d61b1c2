"""How the chosen store is doing: a few counted figures, a month of grants, the last lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils import timezone

from badges.admin.drawing import badge_name, badge_tile
from badges.models import BadgeEntry, BadgeType, EntryKind
from badges.selectors.badge_types import badge_types
from badges.selectors.condition_health import health
from badges.selectors.holdings import held_badges
from loyalty.admin.drawing import delta
from loyalty.admin.staff import Staff, chosen_store, staff_of
from loyalty.models import Access, Resource, Store
from loyalty.selectors.webhooks import switched_off_by_failures
from members.admin.finding import full_name
from members.selectors.members import members

DAYS = 30
_TOP = 6
_LATEST = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart; `height` in percent of the highest."""

    day: date
    count: int
    height: float

    @property
    def is_sunday(self) -> bool:
        return self.day.weekday() == 6


@dataclass(frozen=True, slots=True)
class Card:
    """One figure; `url` is the name of the page behind it."""

    label: str
    icon: str
    number: int
    url: str
    note: str = ""

    @property
    def value(self) -> str:
        return f"{self.number:,}"


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's callback for the index page: adds what the template shows."""
    store, staff = chosen_store(request), staff_of(request)
    context["store"] = store
    context["title"] = store.name if store else "Welcome"
    if store is None:
        return context
    if staff.may(Access.VIEW, store.id, Resource.WEBHOOK_SUBSCRIPTION):
        context["webhooks_off"] = switched_off_by_failures(Store.objects.filter(id=store.id))
    sees_badges = staff.may(Access.VIEW, store.id, Resource.BADGE)
    sees_members = staff.may(Access.VIEW, store.id, Resource.CUSTOMER)
    context["may_add_badge"] = staff.may(Access.MODIFY, store.id, Resource.BADGE)
    context["cards"] = _cards(store, staff)
    if sees_badges:
        context["bars"] = bars = grants_by_day(store, now=timezone.now())
        context["granted"] = granted = sum(bar.count for bar in bars)
        context["granted_text"] = f"{granted:,}"
        context["highest"] = max(bar.count for bar in bars)
        context["top"] = top_badges(store)
        context["concern"] = concern(store, now=timezone.now())
    if sees_badges and sees_members:
        context["latest"] = latest_lines(store)
    return context


def _cards(store: Store, staff: Staff) -> list[Card]:
    """Figures that an index alone can count."""
    cards: list[Card] = []
    if staff.may(Access.VIEW, store.id, Resource.CUSTOMER):
        count = members(store).count()
        cards.append(Card("Members", "group", count, "admin:members_member_changelist"))
    if staff.may(Access.VIEW, store.id, Resource.BADGE):
        types = badge_types(store).aggregate(all=Count("id"), on=Count("id", filter=Q(active=True)))
        url, note = "admin:badges_badgetype_changelist", f"of {types['all']}"
        cards.append(Card("Active badge types", "workspace_premium", types["on"], url, note))
        held, url = held_badges(store).count(), "admin:badges_memberbadge_changelist"
        cards.append(Card("Badges held", "military_tech", held, url))
    return cards


def grants_by_day(store: Store, *, now: datetime) -> list[Bar]:
    """Badges earned on each of the last days, as the store's calendar has them.

    What was earned in these days was also recorded in them, and the index is by that moment.
    """
    zone = ZoneInfo(store.timezone)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=DAYS - 1)
    since = datetime.combine(first, time.min, tzinfo=zone)
    counted: QuerySet[Any, Any] = (
        BadgeEntry.for_store(store)
        .filter(kind=EntryKind.GRANT, recorded_at__gte=since, occurred_at__gte=since)
        .annotate(day=TruncDate("occurred_at", tzinfo=zone))
        .values("day")
        .annotate(count=Count("id"))
        .values_list("day", "count")
    )
    by_day = dict(counted)
    highest = max(by_day.values(), default=0) or 1
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [Bar(day, by_day.get(day, 0), by_day.get(day, 0) * 100 / highest) for day in days]


def top_badges(store: Store) -> list[dict[str, Any]]:
    """The badge types that most members hold."""
    most: Iterable[Any] = (
        held_badges(store)
        .order_by()
        .values_list("badge_type_id")
        .annotate(members=Count("id"))
        .order_by("-members", "badge_type_id")[: _TOP * 3]
    )
    # A few more than are shown, for some of them may have been deleted since.
    found = badge_types(store).select_related("store").in_bulk([type_id for type_id, _ in most])
    rows: list[tuple[BadgeType, int]] = [
        (found[type_id], count) for type_id, count in most if type_id in found
    ][:_TOP]
    highest = max((count for _, count in rows), default=1)
    return [
        {
            "badge_type": badge_type,
            "name": badge_name(badge_type),
            "tile": badge_tile(badge_type),
            "members": count,
            "width": count * 100 / highest,
        }
        for badge_type, count in rows
    ]


def concern(store: Store, *, now: datetime) -> str:
    """What is wrong with how badges are awarded, as one sentence; empty if nothing is."""
    found = health(store, now=now)
    if found.queue.is_stuck:
        return "Badges come late: what members did is not being looked at."
    if found.queue.failing:
        return "Some of what members did cannot be evaluated."
    said = []
    if count := len({one.badge_type_id for one in found.unheard}):
        said.append(f"{count} badge{'s wait' if count > 1 else ' waits'} for what does not happen")
    if count := len(found.unearned):
        said.append(f"{count} badge{'s are' if count > 1 else ' is'} earned by nobody")
    if count := len(found.common):
        said.append(f"{count} badge{'s tell' if count > 1 else ' tells'} nobody apart")
    sentence = ", and ".join(said)
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def latest_lines(store: Store) -> list[dict[str, Any]]:
    rows = (
        BadgeEntry.for_store(store)
        .select_related("member", "badge_type", "badge_type__store")
        .order_by("-recorded_at", "-id")[:_LATEST]
    )
    return [
        {
            "entry": row,
            "who": full_name(row.member),
            "name": badge_name(row.badge_type),
            "tile": badge_tile(row.badge_type, size="sm"),
            "change": delta(row.delta),
        }
        for row in rows
    ]
