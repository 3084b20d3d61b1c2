"""A store's timezone says when days begin; when it changes, they began elsewhere all along."""

from badges.conditions.tree import leaves, zone_of
from badges.models import ConditionVersion, VersionState
from badges.selectors.comparison import condition_of
from badges.services.condition_locks import change_conditions
from badges.services.evaluation_job import stage_evaluation
from loyalty.actors import Actor
from loyalty.models import Store
from loyalty.services.stores import follow_timezones


def register_store_zones() -> None:
    follow_timezones(change_conditions, _evaluate_calendars)


def _evaluate_calendars(store: Store, actor: Actor) -> None:
    """Also those that look at the member's calendar: that of a member without one is the store's.

    What is not awarded, because its badge type is switched off, is evaluated when that is on.
    """
    current = ConditionVersion.for_store(store).filter(
        state=VersionState.CURRENT, badge_type__active=True, badge_type__deleted_at=None
    )
    for version in current.select_related("badge_type").order_by("badge_type__system_code"):
        if any(zone_of(leaf) for leaf in leaves(condition_of(version))):
            stage_evaluation(store, version, actor=actor)
