"""Stores and their settings (Open Loyalty notes, section 2)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    ListField,
    Serializer,
    UUIDField,
)

from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.search import flag, identifier, moment, search, text
from loyalty.api.serializers import Choice, Flag, Items, Pattern, StrictSerializer, Text, wrapped
from loyalty.api.views import ApiViewSet, StoreViewSet
from loyalty.errors import NotFound
from loyalty.models import Access, IdentificationMethod, Resource, Store
from loyalty.selectors.access import stores_of
from loyalty.services.stores import create_store, update_store


class StoreWrite(StrictSerializer):
    code = Pattern(r"^[A-Za-z0-9_-]+\Z", required=False, max_length=64)
    name = Text()
    currency = Text(max_length=3)
    active = Flag()


StoreBody = wrapped("store", StoreWrite)


class StoreIdRead(Serializer[Any]):
    storeId = UUIDField()


class StoreRead(Serializer[Any]):
    storeId = UUIDField()
    code = CharField()
    currency = CharField()
    name = CharField()
    active = BooleanField()
    createdBy = CharField()
    createdAt = DateTimeField()
    updatedBy = CharField()
    updatedAt = DateTimeField()


class SettingsWrite(StrictSerializer):
    """Only what is sent is changed."""

    identificationMethod = Choice(choices=IdentificationMethod.choices, required=False)
    timezone = Text(required=False, max_length=64)
    locales = Items(child=Text(max_length=16), required=False, allow_empty=False)
    defaultLocale = Text(required=False, max_length=16)


SettingsBody = wrapped("settings", SettingsWrite)


class SettingsRead(Serializer[Any]):
    identificationMethod = CharField()
    timezone = CharField()
    locales = ListField(child=CharField())
    defaultLocale = CharField()


class SettingsEnvelope(Serializer[Any]):
    settings = SettingsRead()


StoreSearch = search(
    "StoreSearch",
    {
        "storeId": identifier("id"),
        "name": text("name"),
        "code": text("code"),
        "currency": text("currency"),
        "active": flag("active"),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
    },
)

_COLUMNS = (
    "id", "code", "currency", "name", "active", "created_by", "created_at", "updated_by",
    "updated_at",
)  # fmt: skip


def store_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "storeId": row["id"],
        "code": row["code"],
        "currency": row["currency"],
        "name": row["name"],
        "active": row["active"],
        "createdBy": row["created_by"],
        "createdAt": row["created_at"],
        "updatedBy": row["updated_by"],
        "updatedAt": row["updated_at"],
    }


class StoresViewSet(ApiViewSet):
    """Every caller sees the stores they may enter, and no other."""

    @operation(
        "storeGetList", "List stores", Need(Resource.STORES),
        answer=StoreRead, many=True, search=StoreSearch, tag="Store",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, StoreSearch, None)
        rows = stores_of(self.caller.administrator_id)
        return Response(
            answer_page(
                query, rows, columns=_COLUMNS, render=store_read, default_order=["created_at"]
            )
        )

    @operation(
        "storePost", "Open a store", Need(Resource.STORES, Access.MODIFY),
        body=StoreBody, answer=StoreIdRead, tag="Store",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        store = create_store(**self.body(), actor=self.actor)
        return Response({"storeId": store.id})

    @operation(
        "storeGet", "Read a store", Need(Resource.STORES), answer=StoreRead, tag="Store"
    )  # fmt: skip
    def retrieve(self, request: Request, store_id: str) -> Response:
        row = stores_of(self.caller.administrator_id).filter(id=store_id).values(*_COLUMNS).first()
        if row is None:
            raise NotFound
        return Response(store_read(row))

    @operation(
        "storePut", "Change a store", Need(Resource.STORES, Access.MODIFY),
        body=StoreBody, status=204, tag="Store",
    )  # fmt: skip
    def update(self, request: Request, store_id: str) -> Response:
        update_store(self._store(UUID(store_id)), **self.body(), actor=self.actor)
        return Response(status=204)

    def _store(self, store_id: UUID) -> Store:
        store = stores_of(self.caller.administrator_id).filter(id=store_id).first()
        if store is None:
            raise NotFound
        return store


class SettingsViewSet(StoreViewSet):
    @operation(
        "settingsGet", "Read the store's settings", Need(Resource.SETTINGS),
        answer=SettingsEnvelope, tag="Settings",
    )  # fmt: skip
    def retrieve(self, request: Request) -> Response:
        return Response(_settings(self.store))

    @operation(
        "settingsPatch", "Change the store's settings", Need(Resource.SETTINGS, Access.MODIFY),
        body=SettingsBody, answer=SettingsEnvelope, tag="Settings",
    )  # fmt: skip
    def update(self, request: Request) -> Response:
        names = {"identificationMethod": "identification_method", "defaultLocale": "default_locale"}
        changes = {names.get(name, name): value for name, value in self.body().items()}
        return Response(_settings(update_store(self.store, **changes, actor=self.actor)))


def _settings(store: Store) -> dict[str, Any]:
    return {
        "settings": {
            "identificationMethod": store.identification_method,
            "timezone": store.timezone,
            "locales": store.locales,
            "defaultLocale": store.default_locale,
        }
    }
