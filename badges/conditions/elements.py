"""What a distinct count counts: the values of an attribute of an activity `a`, as JSON."""

from badges.conditions.filters import json_path
from badges.conditions.query import Binder
from badges.conditions.tree import OWN_VALUE

_PLAIN = "('string', 'number', 'boolean')"


def elements(binder: Binder, attribute: str) -> list[tuple[str, str]]:
    """Expressions, and of which activities each gives a row for every value.

    Mostly an attribute is a plain value, and there is no need to look for elements.  Of the whole
    store these are two passes: one could not be shared between processes, and PostgreSQL would
    expect far too many rows of it.
    """
    if attribute == OWN_VALUE:
        return [("a.value::text", "")]
    keys = attribute.split(".")
    names = [binder.bind(key, "text") for key in keys]
    plain = "a.attributes -> " + " -> ".join(names)
    is_plain = f"jsonb_typeof({plain}) IN {_PLAIN}"
    path = binder.bind(f"{json_path(tuple(keys))} ? (@ != null)", "jsonpath")
    found = f"jsonb_path_query(a.attributes, {path})::text"
    if binder.scope.members is not None:
        either = f"CASE WHEN {is_plain} THEN ARRAY[({plain})::text] ELSE ARRAY(SELECT {found}) END"
        return [(f"unnest({either})", "")]
    found = f"jsonb_array_elements(jsonb_path_query_array(a.attributes, {path}))::text"
    inside = f"jsonb_typeof(a.attributes -> {names[0]}) IN ('object', 'array')"
    return [(f"({plain})::text", is_plain), (found, f"{inside} AND ({is_plain}) IS NOT TRUE")]
