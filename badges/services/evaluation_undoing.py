"""Which lines take back what an evaluation job wrote in the ledger."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from badges.models import BadgeEntry, ConditionVersion, EntryKind, MemberBadge
from badges.services.ledger import Line
from loyalty.models import Job, Store


def reversing_lines(
    store: Store, job: Job, version: ConditionVersion, members: Collection[UUID]
) -> list[Line]:
    """What reverses the lines, as far as they still are what the ledger says."""
    held = dict(
        MemberBadge.for_store(store)
        .filter(badge_type=version.badge_type_id, member_id__in=members)
        .values_list("member_id", "completed_count")
    )
    lines: list[Line] = []
    for family in _families(store, job, version, members):
        left = held.get(family.member_id, 0) - family.written
        if left >= 0 and family.can_be_reversed:
            held[family.member_id] = left
            lines += [_line(job, family, entry) for entry in family.entries]
    return lines


@dataclass(slots=True)
class _Family:
    """One completion of one member: its lines of the job that are to be reversed, and all."""

    member_id: UUID
    entries: list[BadgeEntry] = field(default_factory=list)
    net: int = 0
    moments: dict[datetime, int] = field(default_factory=lambda: defaultdict(int))
    granted_by: dict[datetime, UUID | None] = field(default_factory=dict)

    @property
    def written(self) -> int:
        """What the job did to the count."""
        return sum(entry.delta for entry in self.entries)

    @property
    def can_be_reversed(self) -> bool:
        """Not if somebody has done so meanwhile, or has moved what the job had moved."""
        if self.net - self.written not in (0, 1):
            return False
        return self.written != 0 or all(
            self.moments[entry.occurred_at] > 0 for entry in self.entries if entry.delta > 0
        )

    def date_of(self, entry: BadgeEntry) -> datetime:
        """A grant is taken from where it is now: it may have been found to be earlier."""
        granted_at = [moment for moment, moved in self.moments.items() if moved > 0]
        return max(granted_at) if self.written > 0 and granted_at else entry.occurred_at


def _families(
    store: Store, job: Job, version: ConditionVersion, members: Collection[UUID]
) -> list[_Family]:
    """First those that give back; of those that take away the latest completions."""
    written = BadgeEntry.for_store(store).filter(
        member_id__in=members, badge_type=version.badge_type_id, completion__isnull=False,
        version__series=version.series,
    )  # fmt: skip
    before = BadgeEntry.for_store(store).filter(
        occurrence_key__in=[
            f"undo:{entry_id}"
            for entry_id in written.filter(source_id=str(job.undoes_id)).values_list(
                "id", flat=True
            )
        ]
    )
    reversed_before = set(before.values_list("occurrence_key", flat=True))
    families: dict[tuple[UUID, int], _Family] = {}
    for entry in written.order_by("-completion", "delta"):
        key = (entry.member_id, entry.completion or 0)
        family = families.setdefault(key, _Family(entry.member_id))
        family.net += entry.delta
        family.moments[entry.occurred_at] += entry.delta
        if entry.delta > 0:
            family.granted_by[entry.occurred_at] = entry.version_id
        is_of_the_job = entry.source_id == str(job.undoes_id)
        if is_of_the_job and f"undo:{entry.id}" not in reversed_before:
            family.entries.append(entry)
    return sorted(
        (family for family in families.values() if family.entries),
        key=lambda family: family.written,
    )


def _line(job: Job, family: _Family, entry: BadgeEntry) -> Line:
    occurred_at = family.date_of(entry)
    return Line(
        entry.member_id,
        entry.badge_type_id,
        EntryKind.REVOCATION if entry.delta > 0 else EntryKind.REINSTATEMENT,
        -entry.delta,
        occurred_at,
        f"Undo of job {job.undoes_id}",
        str(job.id),
        f"undo:{entry.id}",
        family.granted_by.get(occurred_at, entry.version_id),
        entry.completion,
    )
