"""Schemas of custom events (Open Loyalty notes, section 7.4)."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    Serializer,
)

from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.serializers import Choice, Flag, Items, StrictSerializer, Text, wrapped
from loyalty.api.views import StoreViewSet
from loyalty.models import Access, Resource
from members.api.activity_search import EventSchemaSearch
from members.models import FieldType
from members.selectors.event_schemas import event_schemas, get_event_schema
from members.services.event_schemas import (
    MAX_FIELDS,
    create_event_schema,
    set_event_schema_active,
    update_event_schema,
)

VIEW = Need(Resource.CUSTOM_EVENT)
MODIFY = Need(Resource.CUSTOM_EVENT, Access.MODIFY)


class EventFieldWrite(StrictSerializer):
    type = Choice(choices=FieldType.choices)
    name = Text(max_length=64)
    description = Text(allow_blank=True)


class EventFieldsWrite(StrictSerializer):
    """`valueField` (Rosette's own) names the number that sums are made of; else it is `value`."""

    fields = Items(  # type: ignore[assignment]  # Not Serializer.fields.
        child=EventFieldWrite(), max_length=MAX_FIELDS
    )
    valueField = Text(required=False, allow_blank=True, max_length=64)


class EventActiveWrite(StrictSerializer):
    isActive = Flag()


class EventSchemaUpdate(StrictSerializer):
    name = Text()
    schema = EventFieldsWrite()
    # Null is the same as absent, as Open Loyalty has it.
    active = EventActiveWrite(required=False, allow_null=True)


class EventSchemaWrite(EventSchemaUpdate):
    eventType = Text()


EventSchemaBody = wrapped("customEventSchema", EventSchemaWrite)
EventSchemaUpdateBody = wrapped("customEventSchema", EventSchemaUpdate)


class EventActiveBody(StrictSerializer):
    active = Flag()


class EventFieldRead(Serializer[Any]):
    type = CharField()
    name = CharField()
    description = CharField()


class EventFieldsRead(Serializer[Any]):
    fields = EventFieldRead(many=True)  # type: ignore[assignment]
    valueField = CharField()


class EventSchemaRead(Serializer[Any]):
    eventType = CharField()
    name = CharField()
    schema = EventFieldsRead()
    active = BooleanField()
    createdAt = DateTimeField()


class EventSchemasViewSet(StoreViewSet):
    @operation(
        "customEventSchemaGetList", "List custom event schemas", VIEW,
        answer=EventSchemaRead, many=True, search=EventSchemaSearch, tag="Custom Event",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, EventSchemaSearch, self.store)
        return Response(
            answer_page(
                query,
                event_schemas(self.store),
                columns=_COLUMNS,
                render=_schema_read,
                default_order=["event_type"],
            )
        )

    @operation(
        "customEventSchemaPost", "Add a custom event schema", MODIFY,
        body=EventSchemaBody, status=204, tag="Custom Event",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        given = self.body()
        active = given.get("active")
        create_event_schema(
            self.store,
            event_type=given["eventType"],
            **_description(given),
            active=active["isActive"] if active else True,
            actor=self.actor,
        )
        return Response(status=204)

    @operation(
        "customEventSchemaGet", "Read a custom event schema", VIEW,
        answer=EventSchemaRead, tag="Custom Event",
    )  # fmt: skip
    def retrieve(self, request: Request, event_type: str) -> Response:
        found = get_event_schema(self.store, event_type)
        return Response(_schema_read({column: getattr(found, column) for column in _COLUMNS}))

    @operation(
        "customEventSchemaPut", "Change a custom event schema, for events to come", MODIFY,
        body=EventSchemaUpdateBody, status=204, tag="Custom Event",
    )  # fmt: skip
    def update(self, request: Request, event_type: str) -> Response:
        given = self.body()
        active = given.get("active")
        update_event_schema(
            self.store,
            schema=get_event_schema(self.store, event_type),
            **_description(given),
            active=active["isActive"] if active else None,
            actor=self.actor,
        )
        return Response(status=204)

    @operation(
        "customEventSchemaActivePut", "Activate or deactivate a custom event schema", MODIFY,
        body=EventActiveBody, status=204, tag="Custom Event",
    )  # fmt: skip
    def activate(self, request: Request, event_type: str) -> Response:
        set_event_schema_active(
            self.store,
            schema=get_event_schema(self.store, event_type),
            active=self.body()["active"],
            actor=self.actor,
        )
        return Response(status=204)


_COLUMNS = ("event_type", "name", "fields", "value_field", "active", "created_at")


def _description(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": given["name"],
        "fields": given["schema"]["fields"],
        "value_field": given["schema"].get("valueField", ""),
    }


def _schema_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "eventType": row["event_type"],
        "name": row["name"],
        "schema": {"fields": row["fields"], "valueField": row["value_field"]},
        "active": row["active"],
        "createdAt": row["created_at"],
    }
