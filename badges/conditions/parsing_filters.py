"""The filters of a leaf, from JSON."""

from contextlib import suppress
from zoneinfo import ZoneInfo

from badges.conditions.reading import Bad, Fields, Notes, decimal_of, is_storable, read_moment
from badges.conditions.tree import AttributeFilter, Operator, Scalar
from loyalty.errors import Code

MAX_FILTERS = 20
MAX_CHOICES = 100
MAX_KEYS = 10
MOST_TEXT = 1000
MOST_NUMBER = 10**15

_COMPARING = {Operator.GT, Operator.GTE, Operator.LT, Operator.LTE}
_IN_TEXT = {Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH}
_UTC = ZoneInfo("UTC")


def parse_filters(data: object, *, path: str = "filters") -> tuple[AttributeFilter, ...]:
    """The filters of something that is no node, such as a rule; raises `Invalid`."""
    notes = Notes()
    found: tuple[AttributeFilter, ...] = ()
    with suppress(Bad):
        # As if they were a field of an object that has nothing else.
        prefix, _, name = path.rpartition(".")
        found = filters(Fields({name: data}, prefix, notes), name)
    notes.check()
    return found


def filters(fields: Fields, name: str = "filters") -> tuple[AttributeFilter, ...]:
    """All that are good; what is wrong with the others was noted."""
    data = fields.items(name, most=MAX_FILTERS, default=[])
    path = fields.below(name)
    read = []
    for place, each in enumerate(data):
        try:
            read.append(_filter(Fields(each, f"{path}[{place}]", fields.notes)))
        except Bad:
            continue
    return tuple(read)


def _filter(fields: Fields) -> AttributeFilter:
    name = attribute(fields, "attribute")
    operator = fields.choice("operator", tuple(Operator))
    value = _value(fields, operator)
    fields.close()
    return AttributeFilter(name, operator, value)


def attribute(fields: Fields, name: str) -> str:
    """A dotted path."""
    path = fields.text(name, most=255)
    keys = path.split(".")
    if len(keys) > MAX_KEYS or not all(keys):
        message = f"A path has 1 to {MAX_KEYS} names with dots between them."
        raise fields.bad(Code.PATTERN, name, message)
    return path


def _value(fields: Fields, operator: Operator) -> Scalar | tuple[Scalar, ...]:
    if operator in {Operator.IN, Operator.NOT_IN}:
        choices = fields.items("value", least=1, most=MAX_CHOICES)
        return tuple(_scalar(each, f"value[{i}]", fields) for i, each in enumerate(choices))
    value = _scalar(fields.raw("value"), "value", fields)
    if operator is Operator.EXISTS and not isinstance(value, bool):
        raise fields.bad(Code.TYPE, "value", "This value should be true or false.", type="boolean")
    if operator in _IN_TEXT and (not isinstance(value, str) or not value):
        raise fields.bad(Code.TYPE, "value", "This value should be a text.", type="string")
    if operator in _COMPARING and not _is_comparable(value):
        message = "This value should be a number or a date such as 2024-12-31."
        raise fields.bad(Code.TYPE, "value", message)
    return value


def _is_comparable(value: Scalar) -> bool:
    if isinstance(value, str):
        return read_moment(value, _UTC) is not None
    return not isinstance(value, bool)


def _scalar(value: object, name: str, fields: Fields) -> Scalar:
    if isinstance(value, bool):
        return value
    number = decimal_of(value)
    if number is not None:
        if abs(number) > MOST_NUMBER:
            message = f"This value should be {MOST_NUMBER} or less."
            raise fields.bad(Code.TOO_HIGH, name, message, limit=MOST_NUMBER)
        return number
    if not isinstance(value, str):
        message = "This value should be a text, a number, or true or false."
        raise fields.bad(Code.TYPE, name, message)
    if len(value) > MOST_TEXT:
        message = f"This text should have {MOST_TEXT} characters or less."
        raise fields.bad(Code.TOO_LONG, name, message, limit=MOST_TEXT)
    if not is_storable(value):
        raise fields.bad(Code.PATTERN, name, "This text has characters that cannot be stored.")
    return value
