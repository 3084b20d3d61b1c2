"""The forms to log in and to change one's own password."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from loyalty.admin.forms import PageForm, words_for
from loyalty.admin.widgets import PasswordInput
from loyalty.errors import Forbidden, TooManyAttempts
from loyalty.services.administrators import change_own_password, count_password_attempt

if TYPE_CHECKING:
    from django.contrib.admin.forms import AdminAuthenticationForm as AuthenticationForm
else:
    from unfold.forms import AuthenticationForm


class LoginForm(AuthenticationForm):
    def __init__(self, request: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = "Username or e-mail"

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username") or ""
        password = self.cleaned_data.get("password") or ""
        if "\0" in username + password:
            raise self.get_invalid_login_error()
        try:
            return super().clean()
        except TooManyAttempts as refusal:
            raise ValidationError(words_for(refusal), code="too_many_attempts") from None


class OwnPasswordForm(PageForm):
    """A wrong current password counts like a failed login."""

    current_password = forms.CharField(
        label="Current password",
        strip=False,
        widget=PasswordInput(autocomplete="current-password", autofocus=True),
    )
    new_password = forms.CharField(
        label="New password",
        strip=False,
        help_text="At least 12 characters, and nothing that others would guess.",
        widget=PasswordInput(autocomplete="new-password"),
    )
    again = forms.CharField(
        label="New password again", strip=False, widget=PasswordInput(autocomplete="new-password")
    )
    paths = {"plainPassword": "new_password"}

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if "new_password" in values and values.get("again") != values["new_password"]:
            self.add_error("again", "The two new passwords differ.")
        return values

    def write(self, values: dict[str, Any]) -> None:
        me, now = self.subject, timezone.now()
        if me.external:
            raise Forbidden
        attempt = count_password_attempt(me, actor=self.staff.actor, now=now)
        change_own_password(
            administrator=me,
            current_password=values["current_password"],
            new_password=values["new_password"],
            actor=self.staff.actor,
            now=now,
        )
        attempt.fitted()
