"""The filters of a leaf, as SQL over a row `a` of the activity log."""

import json
from collections.abc import Callable
from zoneinfo import ZoneInfo

from badges.conditions.query import Binder
from badges.conditions.reading import read_moment
from badges.conditions.tree import OWN_VALUE, AttributeFilter, Operator, Scalar
from badges.conditions.writing import scalar

_UTC = ZoneInfo("UTC")

_SIGNS = {
    Operator.EQ: "=", Operator.NEQ: "<>", Operator.GT: ">", Operator.GTE: ">=",
    Operator.LT: "<", Operator.LTE: "<=",
}  # fmt: skip

# What of a text is a moment: ISO 8601, in UTC if it has no offset.  Anything else is NULL.
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
_OFFSET = r"(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])"
_DAY = r"(19|[2-9][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}"
MOMENT = f"^{_DAY}([T ]{_CLOCK}{_OFFSET}?)?$"
WITH_OFFSET = f":[0-9.:]+{_OFFSET}$"


def passes(binder: Binder, each: AttributeFilter) -> str:
    """A condition that is true or false, never NULL."""
    if each.attribute == OWN_VALUE:
        return _own_value(binder, each)
    match each.operator:
        case Operator.EXISTS:
            exists = _exists(binder, each, "@ != null")
            return exists if each.value else f"NOT {exists}"
        case Operator.EQ | Operator.IN:
            return _equals(binder, each)
        case Operator.NEQ | Operator.NOT_IN:
            return f"NOT {_equals(binder, each)}"
        case Operator.CONTAINS | Operator.STARTS_WITH | Operator.ENDS_WITH:
            return _any_text(binder, each, _IN_TEXT[each.operator](binder, str(each.value)))
        case _:
            if isinstance(each.value, str):
                return _any_text(binder, each, _later(binder, each))
            sign = _SIGNS[each.operator]
            return _exists(binder, each, f"@ {sign} {_literal(_single(each))}")


def json_path(keys: tuple[str, ...]) -> str:
    """Every element that the keys lead to, through arrays, and through arrays in these."""
    return "$" + "".join(f".{json.dumps(key)}[*][*]" for key in keys)


def _own_value(binder: Binder, each: AttributeFilter) -> str:
    given = each.value if isinstance(each.value, tuple) else (each.value,)
    numbers = [value for value in given if not isinstance(value, str | bool)]
    if each.operator is Operator.EXISTS:
        return "true" if each.value else "false"
    if each.operator in {Operator.EQ, Operator.IN}:
        return f"a.value = ANY({binder.bind(numbers, 'numeric[]')})"
    if each.operator in {Operator.NEQ, Operator.NOT_IN}:
        return f"a.value <> ALL({binder.bind(numbers, 'numeric[]')})"
    if each.operator in _SIGNS and numbers:
        return f"a.value {_SIGNS[each.operator]} {binder.bind(numbers[0], 'numeric')}"
    return "false"


def _equals(binder: Binder, each: AttributeFilter) -> str:
    values = each.value if isinstance(each.value, tuple) else (each.value,)
    return _exists(binder, each, " || ".join(f"@ == {_literal(value)}" for value in values))


def _exists(binder: Binder, each: AttributeFilter, test: str) -> str:
    path = binder.bind(f"{json_path(each.keys)} ? ({test})", "jsonpath")
    return f"jsonb_path_exists(a.attributes, {path})"


def _literal(value: Scalar) -> str:
    """As jsonpath writes it, which is as JSON does.  Variables would take twice as long."""
    return json.dumps(scalar(value))


def _any_text(binder: Binder, each: AttributeFilter, test: str) -> str:
    path = binder.bind(json_path(each.keys), "jsonpath")
    return f"""EXISTS (
        SELECT FROM (SELECT element #>> '{{}}' AS text
                       FROM jsonb_path_query(a.attributes, {path}) AS element
                      WHERE jsonb_typeof(element) = 'string' OFFSET 0) AS found
         WHERE {test})"""


def _later(binder: Binder, each: AttributeFilter) -> str:
    """A text that is no date is neither earlier nor later."""
    moment = read_moment(each.value, _UTC)
    return f"""CASE
        WHEN NOT (text ~ {binder.bind(MOMENT, "text")} AND pg_input_is_valid(text, 'timestamptz'))
        THEN NULL
        WHEN text ~ {binder.bind(WITH_OFFSET, "text")} THEN text::timestamptz
        ELSE text::timestamp AT TIME ZONE 'UTC'
        END {_SIGNS[each.operator]} {binder.bind(moment, "timestamptz")}"""


_IN_TEXT: dict[Operator, Callable[[Binder, str], str]] = {
    Operator.CONTAINS: lambda binder, part: f"strpos(text, {binder.bind(part, 'text')}) > 0",
    Operator.STARTS_WITH: lambda binder, part: f"starts_with(text, {binder.bind(part, 'text')})",
    Operator.ENDS_WITH: lambda binder, part: (
        f"right(text, {binder.bind(len(part), 'int')}) = {binder.bind(part, 'text')}"
    ),
}


def _single(each: AttributeFilter) -> Scalar:
    if isinstance(each.value, tuple):
        raise TypeError(f"{each.operator} takes one value.")
    return each.value
