"""Find the versions of badge types' conditions."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from badges.models import BadgeType, ConditionVersion, VersionState
from loyalty.errors import NotFound
from loyalty.models import Store

# What a badge counts by default: as Snag does, from a day before it was made.
BEFORE_CREATION = timedelta(hours=24)


def current_versions(store: Store) -> QuerySet[ConditionVersion]:
    """What awards badges now: one for each badge type that has a published condition."""
    found = ConditionVersion.for_store(store).filter(state=VersionState.CURRENT)
    return found.filter(badge_type__deleted_at=None)


def versions_of(store: Store, badge_type: BadgeType) -> QuerySet[ConditionVersion]:
    """Everything that was ever published for the badge type."""
    found = ConditionVersion.for_store(store).filter(badge_type=badge_type)
    return found.exclude(state=VersionState.DRAFT)


def find_current(store: Store, badge_type: BadgeType) -> ConditionVersion | None:
    return versions_of(store, badge_type).filter(state=VersionState.CURRENT).first()


def get_current(store: Store, badge_type: BadgeType) -> ConditionVersion:
    found = find_current(store, badge_type)
    if found is None:
        raise NotFound
    return found


def find_draft(store: Store, badge_type: BadgeType) -> ConditionVersion | None:
    drafts = ConditionVersion.for_store(store).filter(badge_type=badge_type)
    return drafts.filter(state=VersionState.DRAFT).first()


def get_draft(store: Store, badge_type: BadgeType) -> ConditionVersion:
    found = find_draft(store, badge_type)
    if found is None:
        raise NotFound
    return found


def find_latest(store: Store, badge_type: BadgeType) -> ConditionVersion | None:
    """What was published last, in force or retired: a new version carries on from it."""
    return versions_of(store, badge_type).order_by("-number").first()


def default_counting_from(badge_type: BadgeType) -> datetime:
    """From when a first version counts, if nobody says otherwise."""
    return badge_type.created_at - BEFORE_CREATION
