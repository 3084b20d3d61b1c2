"""Bodies in: strict shapes.

A `...Write` serializer says what a body may hold and refuses the rest; a `...Read` serializer
documents an answer for OpenAPI (the contract tests hold the answers to it).  Neither owns a
queryset or a rule.  Messages are those of the system that Open Loyalty is built on.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from loyalty.errors import Code

_MISSING = {"required": "This field is missing.", "null": "This value should not be null."}
MAX_INT32 = 2**31 - 1


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses what it does not know.  `wrapper` is the key around the body, if there is one."""

    wrapper = ""
    default_error_messages = {
        "invalid": "This value should be of type object.",
        **_MISSING,
    }

    def to_internal_value(self, data: Any) -> Any:
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            for name in data:
                if name not in self.fields:
                    message = "This form should not contain extra fields."
                    errors[str(name)] = [ErrorDetail(message, Code.UNKNOWN_FIELD)]
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**cast("dict[str, Any]", error.detail), **errors}) from None
        if errors:
            raise ValidationError(errors)
        return value

    def store_timezone(self) -> ZoneInfo:
        return ZoneInfo(self.context["store"].timezone)


def wrapped(root: str, inner: type[StrictSerializer], *, name: str = "") -> type[StrictSerializer]:
    """The body `{root: inner}`, which is how Open Loyalty sends an object."""
    return type(
        name or f"{inner.__name__}Body",
        (StrictSerializer,),
        {"wrapper": root, root: inner(), "__doc__": inner.__doc__, "__module__": inner.__module__},
    )


class Text(serializers.CharField):
    """A string, not something that can be read as one; kept as it was sent."""

    default_error_messages = {
        **_MISSING,
        "invalid": "This value should be of type string.",
        "blank": "This value should not be blank.",
        "max_length": "This value is too long. It should have {max_length} characters or less.",
        "min_length": "This value is too short. It should have {min_length} characters or more.",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        super().__init__(trim_whitespace=False, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and not data.strip() and not self.allow_blank:
            self.fail("blank")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Pattern(serializers.RegexField):
    """A string of one form."""

    default_error_messages = {
        **Text.default_error_messages,
        "invalid": "This value is not valid.",
    }

    def __init__(self, regex: str, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        super().__init__(regex, trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise ValidationError("This value should be of type string.", Code.TYPE)
        return data


class Email(serializers.EmailField):
    default_error_messages = {
        **Text.default_error_messages,
        "invalid": "This value is not a valid email address.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=255, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise ValidationError("This value should be of type string.", Code.TYPE)
        return str(super().to_internal_value(data))


class Flag(serializers.BooleanField):
    """`true` or `false`, and not "yes", 1 or an absent form field."""

    default_error_messages = {**_MISSING, "invalid": "This value should be of type bool."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class Count(serializers.IntegerField):
    """A whole number from 0 up to the largest that 32 bits hold (Open Loyalty, Limits)."""

    default_error_messages = {
        **_MISSING,
        "invalid": "This value should be of type int.",
        "min_value": "This value should be greater than or equal to {min_value}.",
        "max_value": "This value should be less than or equal to {max_value}.",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        kwargs.setdefault("max_value", MAX_INT32)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Choice(serializers.ChoiceField):
    default_error_messages = {
        **_MISSING,
        "invalid_choice": "The value you selected is not a valid choice.",
    }

    def to_internal_value(self, data: Any) -> Any:
        # An unhashable value would be a TypeError further down.
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class Items(serializers.ListField):
    default_error_messages = {
        **_MISSING,
        "not_a_list": "This value should be of type array.",
        "max_length": "This collection should contain {max_length} elements or less.",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 100)
        super().__init__(**kwargs)


class Day(serializers.DateField):
    default_error_messages = {**_MISSING, "invalid": "This value is not a valid date."}

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError("This value is not a valid date.", Code.DATE)
        return super().to_internal_value(value)


class Moment(serializers.DateTimeField):
    """ISO 8601.  Without an offset it is the store's time (Open Loyalty, Time zones)."""

    default_error_messages = {
        **_MISSING,
        "invalid": "This value is not a valid datetime.",
        "overflow": "This value is not a valid datetime.",
    }

    def default_timezone(self) -> Any:
        store = self.context.get("store")
        return ZoneInfo(store.timezone) if store else super().default_timezone()

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="ISO 8601")
        try:
            moment: datetime = super().to_internal_value(value)
            # At the ends of time the offset leads out of the years that can be read again.
            moment.astimezone(UTC)
        except OverflowError:
            self.fail("overflow")
        return moment
