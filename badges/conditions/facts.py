"""Where a leaf finds its facts: of everybody in the store, or of the members it is asked about.

The SQL of a leaf is the same for both.  Of everybody, it reads its tables from one end to the
other.  Of given members, it stands in a LATERAL and reads an index, member by member: PostgreSQL
may not choose, because of a new store or a new type of activity it knows no figures, and would
take an index that does not even have the member for as good.  That is what `person.store_id` is
for, which is no constant, and `OFFSET 0`, and that the type comes from a SELECT of its own.
"""

from badges.conditions.filters import passes
from badges.conditions.query import Binder
from badges.conditions.tree import AttributeFilter, Between, Zone


def for_each(binder: Binder, core: str, *, zone: Zone | None = None) -> str:
    """The rows of `core`, which is written with the functions below."""
    if binder.scope.members is None:
        return core
    if zone is Zone.MEMBER:
        people = f"""
            SELECT p.id AS member_id, p.store_id, p.timezone FROM members_member p
             WHERE p.store_id = %(store)s::uuid AND p.id = ANY({binder.members()}) OFFSET 0"""
    else:
        people = f"""
            SELECT unnest({binder.members()}) AS member_id, %(store)s::uuid AS store_id OFFSET 0"""
    return f"SELECT found.* FROM ({people}) person CROSS JOIN LATERAL ({core} OFFSET 0) found"


def activity(
    binder: Binder,
    event: str,
    columns: str = "",
    *,
    filters: tuple[AttributeFilter, ...] = (),
    between: Between | None = None,
    zone: Zone | None = None,
    where: str = "",
) -> str:
    """The countable activity: `member_id`, `t` (when it was), and `columns` of the row `a`."""
    parts = predicates(binder, filters, between)
    if where:
        parts.append(where)
    people = ""
    if zone is Zone.MEMBER and binder.scope.members is None:
        people = "members_member person CROSS JOIN "
        parts.append("(person.store_id, person.id) = (a.store_id, a.member_id)")
    more = f", {columns}" if columns else ""
    return f"""
        SELECT a.member_id, a.occurred_at AS t{more}
          FROM {people}members_activity a
         WHERE a.store_id = {_store(binder)} AND {_member(binder, "a")}
           AND a.type = {_which(binder, event, "text")} AND {" AND ".join(parts)}"""


def predicates(
    binder: Binder, filters: tuple[AttributeFilter, ...], between: Between | None
) -> list[str]:
    """What must be true of an activity `a` that counts: that it was not taken back, is not too old,
    lies between the two moments if there are any, and passes each filter, in this order.
    """
    since = binder.bind(binder.scope.counting_from, "timestamptz")
    found = ["a.reversed_at IS NULL", f"a.occurred_at >= {since}"]
    if between is not None:
        found += [
            f"a.occurred_at >= {binder.bind(between.since, 'timestamptz')}",
            f"a.occurred_at < {binder.bind(between.until, 'timestamptz')}",
        ]
    return found + [passes(binder, each) for each in filters]


def points(binder: Binder, wallet: str) -> str:
    """Every entry of the wallet: `member_id`, `t`, `amount`, and whether it `adds`."""
    return f"""
        SELECT e.member_id, e.occurred_at AS t, e.amount,
               e.kind = 'adding' AND e.cancelled_at IS NULL
               AND e.occurred_at >= {binder.bind(binder.scope.counting_from, "timestamptz")} AS adds
          FROM members_pointsentry e
         WHERE e.store_id = {_store(binder)} AND {_member(binder, "e")}
           AND e.wallet = {_which(binder, wallet, "text")}"""


def ledger(binder: Binder, badge_type_id: object) -> str:
    """What changed the count of the badge: `member_id`, `t`, `delta`.  Expiry is no loss."""
    # Of a member, every line is read, rather than every line of the badge type.
    apart = "" if binder.scope.members is None else "OFFSET 0"
    return f"""
        SELECT member_id, occurred_at AS t, delta FROM (
               SELECT e.member_id, e.occurred_at, e.delta, e.badge_type_id, e.kind
                 FROM badges_badgeentry e
                WHERE e.store_id = {_store(binder)} AND {_member(binder, "e")} {apart}) line
         WHERE badge_type_id = {binder.bind(badge_type_id, "uuid")} AND kind <> 'expiry'"""


def listed(binder: Binder, list_id: object) -> str:
    """`member_id` and since when (`t`)."""
    return f"""
        SELECT e.member_id, e.listed_at AS t FROM members_listedmember e
         WHERE e.store_id = {_store(binder)} AND {_member(binder, "e")}
           AND e.list_id = {_which(binder, list_id, "uuid")}"""


def zone_name(binder: Binder, zone: Zone) -> str:
    """An expression for the name of the time zone."""
    of_the_store = binder.bind(binder.scope.store.timezone, "text")
    if zone is Zone.STORE:
        return of_the_store
    return f"coalesce(nullif(person.timezone, ''), {of_the_store})"


def _store(binder: Binder) -> str:
    return "%(store)s::uuid" if binder.scope.members is None else "person.store_id"


def _member(binder: Binder, alias: str) -> str:
    if binder.scope.members is None:
        return f"{alias}.member_id IS NOT NULL"
    return f"{alias}.member_id = person.member_id"


def _which(binder: Binder, value: object, cast: str) -> str:
    placeholder = binder.bind(value, cast)
    return placeholder if binder.scope.members is None else f"(SELECT {placeholder})"
