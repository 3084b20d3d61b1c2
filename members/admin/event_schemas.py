"""What custom events look like: one row of the form for each field."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from loyalty.admin.base import StoreScopedAdmin
from loyalty.admin.drawing import moment, state, two_lines
from loyalty.admin.forms import ServiceForm
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.widgets import Select, Switch, TextInput
from loyalty.models import Resource, Store
from members.models import EventSchema, FieldType
from members.services.event_schemas import create_event_schema, update_event_schema

_FEWEST_ROWS, _SPARE_ROWS = 6, 3


class EventSchemaForm(ServiceForm):
    """A row without a name is no field.  Saving adds rows, so there are always some to fill in."""

    store: Store
    rows: int
    """How many fields there is room for."""
    paths = {"schema.valueField": "value_field"}

    event_type = forms.CharField(
        label="Type",
        max_length=255,
        help_text="What the sender calls it. It cannot be changed later.",
        widget=TextInput(placeholder="coffee_tasting"),
    )
    name = forms.CharField(max_length=255, widget=TextInput(placeholder="Coffee tasting"))
    active = forms.BooleanField(
        required=False, initial=True, help_text="Events of a type that is off are refused.",
        widget=Switch(),
    )  # fmt: skip
    value_field = forms.CharField(
        label="Field that is summed up",
        required=False,
        max_length=64,
        help_text="The name of a number below. Left empty, a number called “value” is.",
        widget=TextInput(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.fields["event_type"].disabled = True

    def stored(self, row: EventSchema) -> dict[str, Any]:
        values = super().stored(row)
        for place, field in enumerate(row.fields):
            values |= {f"{part}_{place}": field[part] for part in _PARTS}
        return values

    def write(self, values: dict[str, Any]) -> EventSchema:
        self.places = [place for place in range(self.rows) if values[f"name_{place}"].strip()]
        described = {
            "name": values["name"],
            "fields": [
                {part: values[f"{part}_{place}"].strip() for part in _PARTS}
                for place in self.places
            ],
            "value_field": values["value_field"].strip(),
            "active": values["active"],
            "actor": self.staff.actor,
        }
        if self.instance._state.adding:
            return create_event_schema(self.store, event_type=values["event_type"], **described)
        return update_event_schema(self.store, schema=self.instance, **described)

    def field_for(self, path: str) -> str | None:
        """The service counts the fields that there are, the form its rows."""
        match path.split("."):
            case ["schema", "fields", number, part]:
                return f"{part}_{self.places[int(number)]}"
        return super().field_for(path)


_PARTS = ("name", "type", "description")


def _row(place: int) -> dict[str, forms.Field]:
    return {
        f"name_{place}": forms.CharField(
            label="Name", required=False, max_length=64, widget=TextInput()
        ),
        f"type_{place}": forms.ChoiceField(
            label="Type", choices=FieldType.choices, initial=FieldType.TEXT, required=False,
            widget=Select(),
        ),
        f"description_{place}": forms.CharField(
            label="Description", required=False, max_length=255, widget=TextInput()
        ),
    }  # fmt: skip


@admin.register(EventSchema)
class EventSchemaAdmin(StoreScopedAdmin):
    resources = (Resource.CUSTOM_EVENT,)
    list_title = "Custom event types"
    event_subject = "eventSchema"
    can_add = can_change = True
    form = EventSchemaForm
    facts = ((None, {"fields": ("event_type", "name", "active", "described", "value_field")}),)
    paginator = CappedPaginator

    list_display = ("what", "described", "is_active", "made")
    list_display_links = ("what",)
    list_filter = ("active",)
    search_fields = ("event_type", "name")
    ordering = ("event_type",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return self.facts
        rows = [tuple(_row(place)) for place in range(_rows_of(obj))]
        return (
            (None, {"fields": ("event_type", "name", "active", "value_field")}),
            ("What an event says", {"fields": tuple(rows)}),
        )

    def form_attributes(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        attributes = {**super().form_attributes(request, row), "rows": _rows_of(row)}
        for place in range(_rows_of(row)):
            attributes |= _row(place)
        return attributes

    @admin.display(description="Type", ordering="event_type")
    def what(self, row: EventSchema) -> SafeString:
        return two_lines(row.name, row.event_type)

    @admin.display(description="Fields", empty_value="None")
    def described(self, row: EventSchema) -> str | None:
        return ", ".join(field["name"] for field in row.fields) or None

    @admin.display(description="State", ordering="active")
    def is_active(self, row: EventSchema) -> SafeString:
        return state(row.active)

    @admin.display(description="Made", ordering="created_at")
    def made(self, row: EventSchema) -> SafeString:
        return moment(row.created_at)


def _rows_of(row: EventSchema | None) -> int:
    return max(_FEWEST_ROWS, len(row.fields) + _SPARE_ROWS if row else 0)
