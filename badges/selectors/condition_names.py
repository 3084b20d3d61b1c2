"""What people call the things that conditions name."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from badges.conditions.parsing import parse
from badges.conditions.resolving import badge_type_ids, rule_group_ids, rule_ids
from badges.conditions.tree import Listed, Node, Points, walk
from badges.conditions.wording import Names, sentence
from badges.models import BadgeType, ConditionVersion, Rule, RuleGroup
from badges.selectors.badge_types import name_expression
from loyalty.models import Store
from members.models import DEFAULT_WALLET, MemberList, WalletType


def names_for(store: Store, nodes: Iterable[Node], locale: str | None = None) -> Names:
    """The names in these trees; what was deleted since keeps its name.

    One statement for each kind of thing that occurs.
    """
    trees = list(nodes)
    every = [node for tree in trees for node in walk(tree)]
    badges = set[UUID]().union(*map(badge_type_ids, trees))
    rules = set[UUID]().union(*map(rule_ids, trees))
    groups = set[UUID]().union(*map(rule_group_ids, trees))
    lists = {node.list_id for node in every if isinstance(node, Listed)}
    wallets = {node.wallet for node in every if isinstance(node, Points)} - {DEFAULT_WALLET}
    names: dict[str | UUID, str] = {}
    if badges:
        found = BadgeType.for_store(store).filter(id__in=badges)
        named = found.annotate(name=name_expression(store, locale))
        names.update(named.values_list("id", "name"))
    if rules:
        names.update(Rule.for_store(store).filter(id__in=rules).values_list("id", "name"))
    if groups:
        names.update(RuleGroup.for_store(store).filter(id__in=groups).values_list("id", "name"))
    if lists:
        names.update(MemberList.for_store(store).filter(id__in=lists).values_list("id", "name"))
    if wallets:
        found_wallets = WalletType.for_store(store).filter(code__in=wallets)
        names.update(found_wallets.values_list("code", "name"))
    return names


def sentences_of(
    store: Store, versions: Sequence[ConditionVersion], locale: str | None = None
) -> list[dict[str, str]]:
    """Of each version, the nodes that people wrote in plain English, by their ids."""
    trees = [parse(version.tree) for version in versions]
    names = names_for(store, trees, locale)
    return [{node.id: sentence(node, names) for node in walk(tree)} for tree in trees]
