"""Whether what a condition names is there, and whether badges would wait for each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from badges.conditions.parsing import parse
from badges.conditions.resolving import (
    resolve,
    rule_group_ids,
    rule_ids,
    system_codes,
    with_badge_ids,
)
from badges.conditions.tree import Node
from badges.conditions.writing import written
from badges.models import BadgeType
from badges.selectors.badge_types import badge_types
from badges.selectors.conditions import current_versions
from badges.selectors.rule_facts import group_facts, rule_facts
from badges.services.event_types import unknown, unknown_event_types
from loyalty.errors import Code, Invalid, Violation
from loyalty.models import Store
from members.models import DEFAULT_WALLET, MemberList, WalletType

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """A tree as it is kept: as people wrote it, and with rules and groups written out."""

    tree: dict[str, Any]
    resolved: dict[str, Any]


def checked(store: Store, badge_type: BadgeType, tree: object) -> Checked:
    """The tree that may award the badge type.

    Raises `Invalid` that names each node that cannot be read, that names something which is not
    in the store, or that would make badges wait for each other in a circle.
    """
    node = parse(tree, zone=ZoneInfo(store.timezone))
    codes = badge_types(store).filter(system_code__in=system_codes(node))
    node = with_badge_ids(node, dict(codes.values_list("system_code", "id")))
    kept = written(node)
    leaves = list(leaves_of(kept))
    wrong = [*_absent(store, leaves), *_circles(store, badge_type, leaves)]
    if wrong:
        raise Invalid(*wrong)
    return Checked(kept, written(_resolved(store, node)))


def _resolved(store: Store, node: Node) -> Node:
    groups = group_facts(store, rule_group_ids(node))
    needed = rule_ids(node).union(*(group.rule_ids for group in groups.values()))
    return resolve(node, rule_facts(store, needed), groups)


Leaf = tuple[str, Json]
"""The path of a leaf, such as "tree.conditions[0]", and its JSON."""


def leaves_of(tree: Json, path: str = "tree") -> Iterator[Leaf]:
    if "conditions" not in tree:
        yield path, tree
    for position, child in enumerate(tree.get("conditions", ())):
        yield from leaves_of(child, f"{path}.conditions[{position}]")


def _absent(store: Store, leaves: Sequence[Leaf]) -> Iterator[Violation]:
    """One violation for each leaf that names what is not there; rules are `resolve`'s to find."""
    events = unknown_event_types(store, _named(leaves, "event"))
    for path, leaf in leaves:
        if leaf.get("event") in events:
            yield unknown(f"{path}.event")
    for key, what, known in _REFERENCES:
        named = _named(leaves, key)
        found = known(store, named) if named else set()
        for path, leaf in leaves:
            if key in leaf and leaf[key] not in found:
                message = f"There is no such {what}."
                yield Violation(Code.NOT_ALLOWED, f"{path}.{key}", message)


def _named(leaves: Sequence[Leaf], key: str) -> set[str]:
    return {leaf[key] for _, leaf in leaves if key in leaf}


def _known_badges(store: Store, named: set[str]) -> set[str]:
    return set(map(str, badge_types(store).filter(id__in=named).values_list("id", flat=True)))


def _known_lists(store: Store, named: set[str]) -> set[str]:
    found = MemberList.for_store(store).filter(id__in=named)
    return set(map(str, found.values_list("id", flat=True)))


def _known_wallets(store: Store, named: set[str]) -> set[str]:
    """A wallet that is switched off keeps its points, and may be asked for."""
    found = WalletType.for_store(store).filter(code__in=named)
    return {DEFAULT_WALLET, *found.values_list("code", flat=True)}


_Known = Callable[[Store, set[str]], set[str]]
_REFERENCES: tuple[tuple[str, str, _Known], ...] = (
    ("badgeTypeId", "badge type", _known_badges),
    ("listId", "list", _known_lists),
    ("wallet", "wallet", _known_wallets),
)


def _circles(store: Store, badge_type: BadgeType, leaves: Sequence[Leaf]) -> Iterator[Violation]:
    """One violation for each badge leaf from which the conditions in force lead back here."""
    asked = [(path, UUID(leaf["badgeTypeId"])) for path, leaf in leaves if "badgeTypeId" in leaf]
    if not asked:
        return
    codes: dict[UUID, str] = {badge_type.id: badge_type.system_code}
    waits_for: dict[UUID, list[UUID]] = {}
    for version in current_versions(store).select_related("badge_type"):
        codes[version.badge_type_id] = version.badge_type.system_code
        waits_for[version.badge_type_id] = [
            UUID(leaf["badgeTypeId"])
            for _, leaf in leaves_of(version.tree)
            if "badgeTypeId" in leaf
        ]
    # What is in force for the badge type itself is to be replaced.
    waits_for[badge_type.id] = []
    for path, first in asked:
        if way := _way(waits_for, first, badge_type.id):
            chain = " -> ".join(codes[each] for each in (badge_type.id, *way))
            message = f"Badges would wait for each other in a circle: {chain}."
            yield Violation(Code.NOT_ALLOWED, f"{path}.badgeTypeId", message)


def _way(waits_for: Mapping[UUID, Sequence[UUID]], start: UUID, end: UUID) -> list[UUID]:
    """The badge types from `start` to `end`, both included; empty if none leads there."""
    came_from: dict[UUID, UUID | None] = {start: None}
    left = [start]
    while left:
        here = left.pop()
        if here == end:
            way = [here]
            while (before := came_from[way[-1]]) is not None:
                way.append(before)
            return way[::-1]
        for following in waits_for.get(here, ()):
            if following not in came_from:
                came_from[following] = here
                left.append(following)
    return []
