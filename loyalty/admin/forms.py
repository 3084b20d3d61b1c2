"""Forms whose last check is a service.

A form cleans what was typed, then calls the service once.  What the service refuses stands at
the field it is about, and nothing was written; what it accepts is written when `is_valid()`
returns.  So there is one set of rules, and the API's and the admin's can never differ.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db.models import Model

from loyalty.admin.staff import Staff
from loyalty.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    TooManyAttempts,
    Violation,
)

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Any]
    _FormMixin = forms.BaseForm
else:
    _ModelForm = forms.ModelForm
    _FormMixin = object

_CAPITAL = re.compile("[A-Z]")


class _RefusalsAtFields(_FormMixin):
    """Shows a refusal of the domain where the person at the keyboard can act on it."""

    paths: ClassVar[Mapping[str, str]] = {}
    """Which field a path of the domain is, where the names differ."""

    def call(self, service: Callable[[], Any]) -> Any:
        """The service's answer; None if it refused, and then the form has errors."""
        try:
            return service()
        except Invalid as refusal:
            for violation in refusal.violations:
                self._show(violation)
        except (Forbidden, NotFound, Conflict, TooManyAttempts) as refusal:
            self.add_error(None, words_for(refusal))
        return None

    def field_for(self, path: str) -> str | None:
        """The field for a path of the domain, if this form has one ("systemCode": system_code)."""
        name = self.paths.get(path) or _CAPITAL.sub(lambda found: f"_{found[0].lower()}", path)
        return name if name in self.fields else None

    def _show(self, violation: Violation) -> None:
        name = self.field_for(violation.path)
        known = name is not None or not violation.path
        message = violation.message if known else f"{violation.path}: {violation.message}"
        self.add_error(name, message)


class ServiceForm(_RefusalsAtFields, _ModelForm):
    """Adds or changes one row.  Subclasses list every field, and say what is stored and written.

    It is a ModelForm because the admin asks for one, and copies nothing to the model by itself.
    """

    staff: Staff
    """Set by the admin class that shows the form, on a subclass for the request."""

    class Meta:
        fields: Sequence[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial = {**self.stored(self.instance), **self.initial}

    def stored(self, row: Any) -> dict[str, Any]:
        """The fields' values as they are now."""
        return {name: getattr(row, name) for name in self.fields if hasattr(row, name)}

    def write(self, values: dict[str, Any]) -> Model:
        """Call the service; returns the row it made or changed."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        """Where a ModelForm would fill and check its row, the service does both."""
        if self.errors:
            return
        row = self.call(lambda: self.write(dict(self.cleaned_data)))
        if row is not None:
            self.instance = row


class PageForm(_RefusalsAtFields, forms.Form):
    """Does one thing to one row: give, correct, revoke, confirm."""

    def __init__(self, staff: Staff, subject: Any, *args: Any, **kwargs: Any) -> None:
        self.staff, self.subject = staff, subject
        super().__init__(*args, **kwargs)

    def write(self, values: dict[str, Any]) -> None:
        """Call the service."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        if not self.errors:
            self.call(lambda: self.write(dict(self.cleaned_data)))


def words_for(refusal: DomainError) -> str:
    """A refusal that is about no field, as a sentence."""
    match refusal:
        case Forbidden():
            return "Your roles do not allow this: it reaches further than they do."
        case NotFound():
            return "This is no longer there. Perhaps somebody else has just removed it."
        case TooManyAttempts():
            return f"Too many attempts. Try again in {refusal.retry_after} seconds."
        case _:
            return str(refusal)
