"""What people call the things that conditions name, and conditions in these words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from badges.conditions.parsing import parse
from badges.conditions.resolving import badge_type_ids, rule_group_ids, rule_ids
from badges.conditions.tree import Count, Listed, Node, Points, Streak, Sum, rule_of, walk
from badges.conditions.wording import said, words_of
from badges.conditions.wording_names import OWN_EVENTS, Names
from badges.models import BadgeType, ConditionVersion, Rule, RuleGroup, VersionState
from badges.selectors.badge_types import name_expression
from loyalty.models import Store
from members.models import EventSchema, MemberList, WalletType

SECRET = "a secret badge"  # noqa: S105 (what it is called)


def names_for(
    store: Store, nodes: Iterable[Node], locale: str | None = None, *, with_hidden: bool = True
) -> Names:
    """The names in these trees; what was deleted since keeps its name.

    Without `with_hidden`, a badge whose condition is hidden has no name.  One statement for each
    kind of thing that occurs.
    """
    trees = list(nodes)
    every = [node for tree in trees for node in walk(tree)]
    badges = set[UUID]().union(*map(badge_type_ids, trees))
    rules = set[UUID]().union(*map(rule_ids, trees))
    groups = set[UUID]().union(*map(rule_group_ids, trees))
    lists = {node.list_id for node in every if isinstance(node, Listed)}
    codes = {node.wallet for node in every if isinstance(node, Points)}
    events = {node.event for node in every if isinstance(node, Count | Sum | Streak)}
    rules |= {rule for event in events if (rule := rule_of(event)) is not None}
    rows: dict[UUID, str] = {}
    if badges:
        found = BadgeType.for_store(store).filter(id__in=badges)
        named = found.annotate(name=name_expression(store, locale))
        rows.update(named.values_list("id", "name"))
        if not with_hidden:
            rows.update(dict.fromkeys(hidden_badges(store, badges), SECRET))
    if rules:
        rows.update(Rule.for_store(store).filter(id__in=rules).values_list("id", "name"))
    if groups:
        rows.update(RuleGroup.for_store(store).filter(id__in=groups).values_list("id", "name"))
    if lists:
        rows.update(MemberList.for_store(store).filter(id__in=lists).values_list("id", "name"))
    wallets: dict[str, str] = {}
    if codes:
        found_wallets = WalletType.for_store(store).filter(code__in=codes)
        wallets.update(found_wallets.values_list("code", "name"))
    return Names(event_labels(store, events), wallets, rows, ZoneInfo(store.timezone))


def hidden_badges(store: Store, badge_type_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the badge types whose condition in force members are not to know of."""
    current = ConditionVersion.for_store(store).filter(
        badge_type_id__in=list(badge_type_ids), state=VersionState.CURRENT, hidden=True
    )
    return set(current.values_list("badge_type_id", flat=True))


def event_labels(store: Store, events: Iterable[str]) -> dict[str, str]:
    """What people call these types of activity; those that have no name are left out."""
    unknown = {event for event in events if event not in OWN_EVENTS and rule_of(event) is None}
    if not unknown:
        return dict(OWN_EVENTS)
    found = EventSchema.for_store(store).filter(event_type__in=unknown).exclude(name="")
    return {**OWN_EVENTS, **dict(found.values_list("event_type", "name"))}


def sentences_of(
    store: Store, versions: Sequence[ConditionVersion], locale: str | None = None
) -> list[dict[str, str]]:
    """Of each version, the nodes that people wrote in plain English, by their ids."""
    trees = [parse(version.tree) for version in versions]
    names = names_for(store, trees, locale)
    return [{node.id: words_of(node, names) for node in walk(tree)} for tree in trees]


def trees_said(store: Store, trees: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each tree as one sentence, such as "Earned when a member has …."."""
    nodes = [parse(tree) for tree in trees]
    names = names_for(store, nodes)
    return [said(node, names) for node in nodes]
