"""Open Loyalty's query language: `field=value`, `field[operator]=value`, `badgeType:name[like]=x`.

A search is a django-filter FilterSet whose filters are named like the parameters.  It is handed
a queryset that already belongs to one store, and it never finds one by itself.  Source: notes,
section 4.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import django_filters
from django import forms
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django_filters.constants import EMPTY_VALUES

from loyalty.errors import Code, Invalid, Violation

FormField = Callable[..., forms.Field]


class MomentField(forms.Field):
    """ISO 8601; without an offset it is the store's time."""

    timezone = ZoneInfo("UTC")

    def to_python(self, value: Any) -> datetime | None:
        if value in EMPTY_VALUES:
            return None
        try:
            # A "+" that was not escaped arrives as a space.
            moment = parse_datetime(str(value).strip().replace(" ", "+"))
        except ValueError:
            moment = None
        if moment is None:
            raise forms.ValidationError("This value is not a valid datetime.", "datetime")
        return moment if moment.tzinfo else moment.replace(tzinfo=self.timezone)


class FlagField(forms.Field):
    _WORDS = {"true": True, "1": True, "false": False, "0": False}

    def to_python(self, value: Any) -> bool | None:
        if value in EMPTY_VALUES:
            return None
        if str(value).lower() not in self._WORDS:
            raise forms.ValidationError("This value should be of type bool.", "type")
        return self._WORDS[str(value).lower()]


class CommaList(forms.Field):
    """Values separated by commas, each read by the field of the one value."""

    def __init__(self, *, one: forms.Field, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._one = one

    def to_python(self, value: Any) -> list[Any]:
        return [self._one.clean(item) for item in str(value).split(",") if item]


class _Operator(django_filters.Filter):
    """One `field[operator]`.  Its value is checked by a form field, its meaning is a lookup."""

    def __init__(self, column: str, lookup: str, field: FormField) -> None:
        super().__init__(field_name=column, lookup_expr=lookup)
        self._field = field

    @property
    def field(self) -> forms.Field:
        return self._field(required=True)


class _Presence(django_filters.Filter):
    """`hasValue` and `notHasValue`: an empty string is a value (notes, section 4)."""

    def __init__(self, column: str, *, present: bool) -> None:
        super().__init__(field_name=column)
        self._present = present

    @property
    def field(self) -> forms.Field:
        return FlagField(required=False)

    def filter(self, qs: Any, value: Any) -> Any:
        if value is False:
            raise Invalid(Violation(Code.CHOICE, "", "Only the value true is allowed."))
        return qs.filter(**{f"{self.field_name}__isnull": not self._present})


@dataclass(frozen=True, slots=True)
class Term:
    """A searchable field: the column it means, how a value reads, and its operators."""

    column: str
    field: FormField
    operators: tuple[str, ...]
    sortable: bool = True

    def filters(self) -> Mapping[str, django_filters.Filter]:
        """By operator; "" is the plain `field=value`."""
        made: dict[str, django_filters.Filter] = {}
        for operator in self.operators:
            if operator == "in":
                made["in"] = _Operator(self.column, "in", self._list)
            elif operator in {"hasValue", "notHasValue"}:
                made[operator] = _Presence(self.column, present=operator == "hasValue")
            else:
                made[operator] = _Operator(self.column, _LOOKUPS[operator], self.field)
        made[""] = made["eq"]
        return made

    def _list(self, **kwargs: Any) -> forms.Field:
        return CommaList(one=self.field(required=True), **kwargs)


_LOOKUPS = {
    "eq": "exact", "like": "icontains", "gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte",
}  # fmt: skip
_PRESENCE = ("hasValue", "notHasValue")
_ORDER = ("gt", "gte", "lt", "lte")


def text(column: str, *, sortable: bool = True) -> Term:
    return Term(column, _text_field, ("eq", "like", "in", *_PRESENCE), sortable)


def choice(column: str) -> Term:
    return Term(column, _text_field, ("eq", "in", *_PRESENCE))


def identifier(column: str) -> Term:
    return Term(column, forms.UUIDField, ("eq", "in"))


def flag(column: str) -> Term:
    return Term(column, FlagField, ("eq",))


def moment(column: str) -> Term:
    return Term(column, MomentField, ("eq", *_ORDER, *_PRESENCE))


def day(column: str) -> Term:
    return Term(column, forms.DateField, ("eq", *_ORDER, *_PRESENCE))


def number(column: str, *, sortable: bool = True) -> Term:
    return Term(column, _number_field, ("eq", "in", *_ORDER, *_PRESENCE), sortable)


def _text_field(**kwargs: Any) -> forms.Field:
    return forms.CharField(max_length=255, strip=False, **kwargs)


def _number_field(**kwargs: Any) -> forms.Field:
    return forms.IntegerField(min_value=-(2**31), max_value=2**31 - 1, **kwargs)


class Search(django_filters.FilterSet):
    """The filters of one list.  Made by `search()`; `terms` keeps what each was made from."""

    terms: Mapping[str, Term] = {}

    def __init__(self, data: QueryDict, queryset: QuerySet[Model, Any], zone: ZoneInfo) -> None:
        # The parent copies every filter there is, which costs more than the query; here only
        # those that were asked for are touched.
        self.filters = {name: self.base_filters[name] for name in data}
        self.data, self.queryset, self._zone = data, queryset, zone

    @property
    def applied(self) -> QuerySet[Model, Any]:
        """The narrowed rows; raises `Invalid` that names the parameter for a bad value."""
        form = self._form()
        if not form.is_valid():
            raise Invalid(
                *(
                    Violation(_code(error.code), name, error.messages[0])
                    for name, errors in form.errors.as_data().items()
                    for error in errors
                )
            )
        rows = self.queryset
        for name, filter_ in self.filters.items():
            try:
                rows = filter_.filter(rows, form.cleaned_data[name])
            except Invalid as error:
                raise Invalid(*(violation.below(name) for violation in error.violations)) from None
        return rows

    def _form(self) -> forms.Form:
        fields = {name: filter_.field for name, filter_ in self.filters.items()}
        for field in fields.values():
            if isinstance(field, MomentField):
                field.timezone = self._zone
        form: forms.Form = type("SearchForm", (forms.Form,), fields)(self.data)
        return form


def _code(django_code: str | None) -> Code:
    known = {"required": Code.BLANK, "max_length": Code.TOO_LONG, "min_value": Code.TOO_LOW,
             "max_value": Code.TOO_HIGH, "datetime": Code.DATETIME}  # fmt: skip
    return known.get(django_code or "", Code.TYPE)


def search(name: str, terms: Mapping[str, Term], **special: django_filters.Filter) -> type[Search]:
    """A search over the named terms; `special` filters have a parameter of their own form."""
    filters: dict[str, Any] = dict(special)
    for field, term in terms.items():
        for operator, filter_ in term.filters().items():
            filters[f"{field}[{operator}]" if operator else field] = filter_
    return type(name, (Search,), {**filters, "terms": terms})
