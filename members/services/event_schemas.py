"""Say what custom events of a type look like."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, NotFound, Violation, taken
from loyalty.models import EventName, Store
from loyalty.services.events import differences, record
from loyalty.transactions import writes
from members.models import EVENT_TYPE, FIELD_NAME, PURCHASE, RETURN, EventSchema, FieldType

MAX_FIELDS = 100

Field = Mapping[str, str]
"""`type`, `name` and `description`."""


@writes
def create_event_schema(
    store: Store,
    *,
    event_type: str,
    name: str,
    fields: Sequence[Field],
    actor: Actor,
    value_field: str = "",
    active: bool = True,
) -> EventSchema:
    """Raises `Invalid` for a type that is taken, or that means something of our own."""
    schema = EventSchema(store=store, event_type=event_type, active=active)
    _check_type(event_type)
    _describe(schema, name, fields, value_field)
    try:
        with transaction.atomic():
            schema.save(force_insert=True)
    except IntegrityError:
        raise taken("eventType") from None
    _record(store, EventName.EVENT_SCHEMA_CREATED, schema, actor)
    return schema


@writes
def update_event_schema(
    store: Store,
    *,
    schema: EventSchema,
    name: str,
    fields: Sequence[Field],
    actor: Actor,
    value_field: str = "",
    active: bool | None = None,
) -> EventSchema:
    """Describe the type anew, for events to come; those that are there stay as they are."""
    schema = _locked(store, schema)
    before = _state(schema)
    _describe(schema, name, fields, value_field)
    if active is not None:
        schema.active = active
    schema.save()
    _record(store, EventName.EVENT_SCHEMA_UPDATED, schema, actor, before)
    return schema


@writes
def set_event_schema_active(
    store: Store, *, schema: EventSchema, active: bool, actor: Actor
) -> None:
    """Events of a type that is not active are refused."""
    schema = _locked(store, schema)
    if schema.active != active:
        before = _state(schema)
        schema.active = active
        schema.save(update_fields=["active"])
        _record(store, EventName.EVENT_SCHEMA_UPDATED, schema, actor, before)


def _locked(store: Store, schema: EventSchema) -> EventSchema:
    found = EventSchema.for_store(store).select_for_update(no_key=True).filter(id=schema.id).first()
    if found is None:
        raise NotFound
    return found


def _check_type(event_type: str) -> None:
    if event_type in {PURCHASE, RETURN}:
        message = "This type means transactions, which have a call of their own."
        raise Invalid(Violation(Code.NOT_ALLOWED, "eventType", message))
    if not re.fullmatch(EVENT_TYPE, event_type):
        message = "Use letters, digits, dots, hyphens and underscores."
        raise Invalid(Violation(Code.PATTERN, "eventType", message))


def _describe(schema: EventSchema, name: str, fields: Sequence[Field], value_field: str) -> None:
    _check_fields(fields)
    numbers = {field["name"] for field in fields if field["type"] == FieldType.NUMBER}
    if value_field and value_field not in numbers:
        message = "There is no such field of type number."
        raise Invalid(Violation(Code.CHOICE, "schema.valueField", message))
    schema.name, schema.value_field = name, value_field
    schema.fields = [
        {"type": field["type"], "name": field["name"], "description": field["description"]}
        for field in fields
    ]


def _check_fields(fields: Sequence[Field]) -> None:
    if len(fields) > MAX_FIELDS:
        message = f"This collection should contain {MAX_FIELDS} elements or less."
        raise Invalid(Violation(Code.TOO_LONG, "schema.fields", message))
    seen: set[str] = set()
    for place, field in enumerate(fields):
        path, name = f"schema.fields.{place}.name", field["name"]
        if not re.fullmatch(FIELD_NAME, name):
            message = "Use letters, digits, hyphens and underscores."
            raise Invalid(Violation(Code.PATTERN, path, message))
        if name in seen:
            raise taken(path, "This field is described twice.")
        seen.add(name)


def _state(schema: EventSchema) -> dict[str, Any]:
    return {
        "name": schema.name,
        "active": schema.active,
        "fields": schema.fields,
        "valueField": schema.value_field,
    }


def _record(
    store: Store,
    name: EventName,
    schema: EventSchema,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
) -> None:
    data: dict[str, Any] = {
        "eventType": schema.event_type,
        "active": schema.active,
        "fields": [field["name"] for field in schema.fields],
        **({} if before is None else differences(before, _state(schema))),
    }
    record(
        store, name, subject_kind="eventSchema", subject_id=schema.id, actor=actor, data=data
    )  # fmt: skip
