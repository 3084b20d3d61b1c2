"""Django's widgets in unfold's clothes.

Unfold dresses the widgets that it makes from model fields; our forms name their fields, and
these are the widgets they name.
"""

from typing import Any

from django import forms
from unfold import widgets as unfold

_INPUT = " ".join(unfold.INPUT_CLASSES)
_TEXTAREA = " ".join([*unfold.TEXTAREA_CLASSES, "rs-textarea"])
_SELECT = " ".join(unfold.SELECT_CLASSES)
_SWITCH = " ".join(unfold.SWITCH_CLASSES)
_CHECKBOX = " ".join(unfold.CHECKBOX_CLASSES)


class TextInput(forms.TextInput):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": _INPUT, **attrs})


class EmailInput(forms.EmailInput):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": _INPUT, **attrs})


class PasswordInput(forms.PasswordInput):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": _INPUT, **attrs})


class NumberInput(forms.NumberInput):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": f"{_INPUT} rs-number", **attrs})


class DateInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": f"{_INPUT} rs-date", **attrs}, format="%Y-%m-%d")


class Textarea(forms.Textarea):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": _TEXTAREA, "rows": 3, **attrs})


class Select(forms.Select):
    template_name = "unfold/widgets/select.html"

    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": _SELECT, **attrs})


class Switch(forms.CheckboxInput):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": _SWITCH, **attrs})


class Checkboxes(forms.CheckboxSelectMultiple):
    """A list of boxes; options may carry a second line, after a newline in their label."""

    template_name = "loyalty/admin/widgets/checkboxes.html"

    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": _CHECKBOX, **attrs})


class ColorInput(forms.TextInput):
    """A colour to pick, or to type: "#C81B53"."""

    template_name = "loyalty/admin/widgets/color.html"

    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": f"{_INPUT} rs-color-text", "maxlength": 7, **attrs})


class FileInput(forms.FileInput):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": "rs-file", **attrs})
