"""Lists: pages, order, totals (Open Loyalty notes, section 4)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Model, QuerySet
from django.http import QueryDict

from loyalty.api.search import Search
from loyalty.errors import Code, Invalid, Violation
from loyalty.models import Store

DEFAULT_SIZE, MAX_SIZE, MAX_PAGE = 10, 50, 500
# Up to here totals are counted; beyond, the planner's estimate is given and said to be one.
EXACT_UP_TO = 5000

_ORDER_BY = re.compile(r"_orderBy\[(?P<field>[^\]]+)\]\Z")
_LOCALE = re.compile(r"[A-Za-z0-9_-]{1,16}\Z")
_IN_LIST = re.compile(r"(?P<name>.+\[in\])\[\d*\]\Z")
# Parameters of every list that are not filters.  `auth_token` is a credential.
_COMMON = frozenset({"_page", "_itemsOnPage", "_locale", "auth_token"})

Rows = QuerySet[Any, Any]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list request, read and checked, not yet applied."""

    page: int
    size: int
    order_by: tuple[Any, ...]
    filters: QueryDict
    search: type[Search]
    zone: ZoneInfo
    locale: str | None

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size

    @property
    def is_filtered(self) -> bool:
        return bool(self.filters)

    def narrowed(self, rows: Rows) -> Rows:
        """The rows that the filters let through."""
        if not self.filters:
            return rows
        return self.search(self.filters, rows, self.zone).applied

    def ordered(self, rows: Rows, default: Iterable[str]) -> Rows:
        """In the order asked for, ties broken by key so that pages never overlap."""
        return rows.order_by(*(self.order_by or default), "pk")

    def sliced(self, rows: Rows) -> Rows:
        return rows[self.offset : self.offset + self.size]


def read_list_query(
    params: QueryDict, search: type[Search], store: Store | None, *, also: Iterable[str] = ()
) -> ListQuery:
    """Raises `Invalid` for any parameter that the list does not know, naming it.

    `also` names parameters that the caller reads itself.
    """
    filters = QueryDict(mutable=True)
    order_by: list[Any] = []
    wrong: list[Violation] = []
    for name, values in params.lists():
        listed = _IN_LIST.match(name)
        if name in _COMMON or name in also:
            continue
        if order := _ORDER_BY.match(name):
            term = search.terms.get(order["field"])
            if term is None or not term.sortable or values[-1] not in {"asc", "desc"}:
                wrong.append(Violation(Code.CHOICE, name, "This list cannot be sorted so."))
            else:
                order_by.append(_direction(term.column, values[-1]))
        elif listed and listed["name"] in search.base_filters:
            filters[listed["name"]] = ",".join([*filters.getlist(listed["name"]), *values])
        elif name not in search.base_filters:
            wrong.append(Violation(Code.UNKNOWN_FIELD, name, "There is no such filter."))
        elif len(values) > 1 and not name.endswith("[in]"):
            wrong.append(Violation(Code.TYPE, name, "This filter is given more than once."))
        else:
            filters[name] = ",".join(values)
    if wrong:
        raise Invalid(*wrong)
    return ListQuery(
        page=read_whole_number(params, "_page", default=1, most=MAX_PAGE),
        size=read_whole_number(params, "_itemsOnPage", default=DEFAULT_SIZE, most=MAX_SIZE),
        order_by=tuple(order_by),
        filters=filters,
        search=search,
        zone=ZoneInfo(store.timezone if store else "UTC"),
        locale=read_locale(params),
    )


def read_locale(params: QueryDict) -> str | None:
    """The language asked for by `_locale`; one that a store does not use is no error."""
    locale = params.get("_locale")
    if locale and not _LOCALE.match(locale):
        raise Invalid(Violation(Code.PATTERN, "_locale", "This value is not valid."))
    return locale


def answer_page(
    query: ListQuery,
    rows: Rows,
    *,
    columns: Iterable[str],
    render: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    default_order: Iterable[str],
) -> dict[str, Any]:
    """One page of `rows` as `{"items": [...], "total": {...}}`."""
    narrowed = query.narrowed(rows)
    page = query.sliced(query.ordered(narrowed, default_order)).values(*columns)
    return {
        "items": [render(row) for row in page],
        "total": total(rows, narrowed if query.is_filtered else None),
    }


def total(rows: Rows, narrowed: Rows | None) -> dict[str, Any]:
    """`all`: the rows of the list; `filtered`: those that the filters let through."""
    everything, guessed = _count(rows)
    filtered, also_guessed = (everything, guessed) if narrowed is None else _count(narrowed)
    return {"all": everything, "filtered": filtered, "estimated": guessed or also_guessed}


def _count(rows: Rows) -> tuple[int, bool]:
    counted = rows.order_by()[: EXACT_UP_TO + 1].count()
    if counted <= EXACT_UP_TO:
        return counted, False
    return max(counted, _estimate(rows)), True


def _estimate(rows: QuerySet[Model, Any]) -> int:
    """What the planner believes, from its statistics: no row is read."""
    plan = rows.order_by().values("pk").explain(format="json")
    found = re.search(r'"Plan Rows": (\d+)', plan) or re.search(r"'Plan Rows': (\d+)", plan)
    return int(found[1]) if found else 0


def _direction(column: str, direction: str) -> Any:
    return F(column).desc() if direction == "desc" else F(column).asc()


def read_whole_number(params: QueryDict, name: str, *, default: int, most: int) -> int:
    """A parameter from 1 to `most`; raises `Invalid` that names it."""
    given = params.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit()) or len(given) > 10:
        raise Invalid(Violation(Code.TYPE, name, "This value should be of type int."))
    number = int(given)
    if not 1 <= number <= most:
        code = Code.TOO_LOW if number < 1 else Code.TOO_HIGH
        raise Invalid(Violation(code, name, f"This value should be between 1 and {most}."))
    return number
