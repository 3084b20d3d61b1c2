"""The form of a badge type: texts side by side, colours to pick, and an icon."""

from typing import Any

from django import forms

from badges.admin.validity import ValidityFields
from badges.models import BadgeType
from badges.services.badge_types import (
    MAX_ICON_BYTES,
    create_badge_type,
    update_badge_type,
    upload_icon,
)
from loyalty.admin.forms import ServiceForm
from loyalty.admin.widgets import ColorInput, FileInput, NumberInput, Switch, Textarea, TextInput
from loyalty.models import Store
from loyalty.transactions import request_transaction

_NAME, _DESCRIPTION = "name_", "description_"


class BadgeTypeForm(ValidityFields, ServiceForm):
    """Has a name and a description for each language of the store."""

    store: Store

    system_code = forms.CharField(
        max_length=255,
        help_text="How the API and your integrations call it. It stays as it is for good.",
        widget=TextInput(placeholder="gold_member", spellcheck="false"),
    )
    active = forms.BooleanField(
        required=False,
        initial=True,
        help_text="Off: nobody earns it any more; who holds it keeps it.",
        widget=Switch(),
    )
    background_color = forms.CharField(
        label="Background colour", max_length=7, initial="#FBE4EC", widget=ColorInput()
    )
    text_color = forms.CharField(
        label="Text colour", max_length=7, initial="#7A1138", widget=ColorInput()
    )
    icon_file = forms.FileField(
        label="Upload an icon",
        required=False,
        help_text="An SVG drawing of at most 100 kB. Scripts and links in it are taken out.",
        widget=FileInput(accept=".svg,image/svg+xml"),
    )
    icon = forms.CharField(
        label="Or name an image",
        required=False,
        max_length=2048,
        help_text="Its address, which begins with https://",
        widget=TextInput(placeholder="https://", spellcheck="false"),
    )
    without_icon = forms.BooleanField(
        label="Take the icon away",
        required=False,
        help_text="The badge then shows the first letter of its name.",
        widget=Switch(),
    )
    display_rank = forms.IntegerField(
        min_value=0,
        max_value=2_147_483_647,
        initial=100,
        help_text="Lower comes first.",
        widget=NumberInput(),
    )
    permissions_enabled = forms.BooleanField(
        label="Opens members-only areas", required=False, widget=Switch()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            del self.fields["system_code"]
        if not self.instance.icon:
            del self.fields["without_icon"]
        for locale in self.store.locales:
            self.fields[_NAME + locale] = forms.CharField(
                label="Name",
                max_length=255,
                required=locale == self.store.default_locale,
                widget=TextInput(lang=locale),
            )
            self.fields[_DESCRIPTION + locale] = forms.CharField(
                label="Description",
                required=False,
                max_length=1000,
                widget=Textarea(lang=locale),
            )
        if not self.instance._state.adding:
            self.initial = {**self.initial, **self._stored_texts()}
            if self._has_drawing():
                self.initial["icon"] = ""

    def _has_drawing(self) -> bool:
        """Whether the icon was uploaded here; what would stand in the field is our own path."""
        return bool(self.instance.icon) and not self.instance.icon.startswith("https://")

    def _stored_texts(self) -> dict[str, str]:
        return {
            prefix + locale: self.instance.translations.get(locale, {}).get(key, "")
            for locale in self.store.locales
            for prefix, key in ((_NAME, "name"), (_DESCRIPTION, "description"))
        }

    def languages(self) -> list[dict[str, Any]]:
        """The columns of the form: one for each language, the store's own first."""
        ordered = sorted(self.store.locales, key=lambda code: code != self.store.default_locale)
        return [
            {
                "code": locale,
                "is_default": locale == self.store.default_locale,
                "name": self[_NAME + locale],
                "description": self[_DESCRIPTION + locale],
            }
            for locale in ordered
        ]

    def clean_background_color(self) -> str:
        return str(self.cleaned_data["background_color"]).upper()

    def clean_text_color(self) -> str:
        return str(self.cleaned_data["text_color"]).upper()

    def clean(self) -> dict[str, Any]:
        for locale in self.store.locales:
            described = self.cleaned_data.get(_DESCRIPTION + locale)
            name = _NAME + locale
            if described and name in self.cleaned_data and not self.cleaned_data[name]:
                self.add_error(name, "A description needs a name above it.")
        self.check_validity()
        return self.cleaned_data

    def field_for(self, path: str) -> str | None:
        match path.split("."):
            case ["icon"]:
                return "icon_file" if self.cleaned_data.get("icon_file") else "icon"
            case ["translations", locale, "name" | "description" as key]:
                return super().field_for(f"{key}_{locale}")
            case _:
                return super().field_for(path)

    def write(self, values: dict[str, Any]) -> BadgeType:
        """The row and its icon come in together, or neither does."""
        drawing = values.pop("icon_file")
        texts = self._texts(values)
        attributes = {name: value for name, value in values.items() if name in _ATTRIBUTES}
        if values.pop("without_icon", False):
            attributes["icon"] = ""
        elif not attributes["icon"] and self._has_drawing():
            attributes["icon"] = self.instance.icon
        attributes |= self.validity_of(values)
        actor = self.staff.actor
        with request_transaction():
            if self.instance._state.adding:
                badge_type = create_badge_type(
                    self.store,
                    system_code=values["system_code"],
                    translations=texts,
                    actor=actor,
                    **attributes,
                )
            else:
                badge_type = update_badge_type(
                    self.store,
                    badge_type=self.instance,
                    translations=texts,
                    actor=actor,
                    **attributes,
                )
            if drawing:
                # One byte more than allowed is enough for the service to refuse it.
                svg = drawing.read(MAX_ICON_BYTES + 1)
                upload_icon(self.store, badge_type=badge_type, svg=svg, actor=actor)
        return badge_type

    def _texts(self, values: dict[str, Any]) -> dict[str, dict[str, str]]:
        """What was typed, laid over what is stored, without the languages left empty."""
        stored = {} if self.instance._state.adding else self.instance.translations
        texts: dict[str, dict[str, str]] = {}
        for locale in self.store.locales:
            name, description = values[_NAME + locale], values[_DESCRIPTION + locale]
            if name:
                typed = {"name": name, "description": description}
                texts[locale] = {**stored.get(locale, {}), **typed}
        return texts


_ATTRIBUTES = frozenset(
    {
        "active", "background_color", "display_rank", "icon", "permissions_enabled", "text_color",
    }
)  # fmt: skip
