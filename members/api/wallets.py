"""Wallets: the store's kinds of points, and what a member has of each."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    FloatField,
    Serializer,
    UUIDField,
)

from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.search import flag, identifier, moment, search, text
from loyalty.api.serializers import Flag, Pattern, StrictSerializer, Text, wrapped
from loyalty.api.views import StoreViewSet
from loyalty.identifiers import Identifier
from loyalty.models import Access, Resource
from members.api.points_serializers import number
from members.api.views import MemberViewSet
from members.selectors.points import get_wallet_type, wallet_types, wallets
from members.services.wallet_types import create_wallet_type, update_wallet_type

VIEW = Need(Resource.WALLET)
VIEW_OWN = Need(Resource.WALLET, own_member=True)
MODIFY = Need(Resource.WALLET, Access.MODIFY)


class WalletTypeChange(StrictSerializer):
    name = Text(required=False)
    unitSingularName = Text(required=False)
    unitPluralName = Text(required=False)
    active = Flag(required=False)


class WalletTypeWrite(WalletTypeChange):
    """The code is fixed from then on."""

    code = Pattern(r"^[A-Za-z0-9_-]+\Z", max_length=64)
    name = Text()


class WalletTypeActiveWrite(StrictSerializer):
    active = Flag()


WalletTypeBody = wrapped("walletType", WalletTypeWrite)
WalletTypeChangeBody = wrapped("walletType", WalletTypeChange)


class WalletTypeIdRead(Serializer[Any]):
    walletTypeId = UUIDField()


class WalletTypeRead(Serializer[Any]):
    walletTypeId = UUIDField()
    code = CharField()
    name = CharField()
    unitSingularName = CharField()
    unitPluralName = CharField()
    active = BooleanField()
    isDefault = BooleanField()
    createdAt = DateTimeField()


class AccountRead(Serializer[Any]):
    """`activePoints` can be spent now; `nextExpiryPoints` of them expire at `nextExpiryAt`.
    `earnedPoints` is everything that was ever added, `spentPoints` and `expiredPoints` what became
    of it; what was cancelled is in none."""

    activePoints = FloatField()
    earnedPoints = FloatField()
    spentPoints = FloatField()
    expiredPoints = FloatField()
    nextExpiryAt = DateTimeField(allow_null=True)
    nextExpiryPoints = FloatField(allow_null=True)


class WalletRead(Serializer[Any]):
    """`createdAt`: of the first transfer; null before."""

    walletType = WalletTypeRead()
    createdAt = DateTimeField(allow_null=True)
    account = AccountRead()


_COLUMNS = {
    "walletTypeId": "id",
    "code": "code",
    "name": "name",
    "unitSingularName": "unit_singular",
    "unitPluralName": "unit_plural",
    "active": "active",
    "isDefault": "is_default",
    "createdAt": "created_at",
}
_ACCOUNT = (
    "opened_at", "active_points", "earned_points", "spent_points", "expired_points",
    "next_expiry_at", "next_expiry_points",
)  # fmt: skip
_TERMS = {
    "walletTypeId": identifier("id"),
    "code": text("code"),
    "name": text("name"),
    "active": flag("active"),
    # It is worked out for each row.
    "isDefault": replace(flag("is_default"), sortable=False),
}

WalletTypeSearch = search("WalletTypeSearch", {**_TERMS, "createdAt": moment("created_at")})
WalletSearch = search("WalletSearch", _TERMS)


def _type_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[column] for name, column in _COLUMNS.items()}


def _wallet_read(row: Mapping[str, Any]) -> dict[str, Any]:
    soonest = row["next_expiry_points"]
    return {
        "walletType": _type_read(row),
        "createdAt": row["opened_at"],
        "account": {
            "activePoints": number(row["active_points"]),
            "earnedPoints": number(row["earned_points"]),
            "spentPoints": number(row["spent_points"]),
            "expiredPoints": number(row["expired_points"]),
            "nextExpiryAt": row["next_expiry_at"],
            "nextExpiryPoints": soonest and number(soonest),
        },
    }


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    return {_COLUMNS[name]: value for name, value in given.items()}


class WalletTypesViewSet(StoreViewSet):
    @operation(
        "_walletTypeGetList", "List wallets of the store", VIEW,
        answer=WalletTypeRead, many=True, search=WalletTypeSearch, tag="Wallet",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, WalletTypeSearch, self.store)
        return Response(
            answer_page(
                query,
                wallet_types(self.store),
                columns=tuple(_COLUMNS.values()),
                render=_type_read,
                default_order=["created_at"],
            )
        )

    @operation(
        "_walletTypePost", "Add a wallet", MODIFY,
        body=WalletTypeBody, answer=WalletTypeIdRead, tag="Wallet",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        made = create_wallet_type(self.store, **_fields(self.body()), actor=self.actor)
        return Response({"walletTypeId": made.id})

    @operation("_walletTypeGet", "Read a wallet", VIEW, answer=WalletTypeRead, tag="Wallet")
    def retrieve(self, request: Request, wallet_type_id: str) -> Response:
        return Response(_type_read(vars(get_wallet_type(self.store, wallet_type_id))))

    @operation(
        "_walletTypePut", "Change a wallet; only what is sent is changed", MODIFY,
        body=WalletTypeChangeBody, status=204, tag="Wallet",
    )  # fmt: skip
    def update(self, request: Request, wallet_type_id: str) -> Response:
        return self._change(wallet_type_id, self.body())

    @operation(
        "_walletTypeActivePost", "Activate or deactivate a wallet", MODIFY,
        body=WalletTypeActiveWrite, status=204, tag="Wallet",
    )  # fmt: skip
    def activity(self, request: Request, wallet_type_id: str) -> Response:
        return self._change(wallet_type_id, self.body())

    def _change(self, wallet_type_id: str, given: Mapping[str, Any]) -> Response:
        update_wallet_type(
            self.store,
            wallet_type=get_wallet_type(self.store, wallet_type_id),
            **_fields(given),
            actor=self.actor,
        )
        return Response(status=204)


class WalletsViewSet(MemberViewSet):
    @operation(
        "memberWalletGetList", "Read a member's wallets", VIEW_OWN,
        answer=WalletRead, many=True, search=WalletSearch, tag="Wallet",
    )  # fmt: skip
    def list(self, request: Request, member: Identifier) -> Response:
        query = read_list_query(request.query_params, WalletSearch, self.store)
        return Response(
            answer_page(
                query,
                wallets(self.store, self.member(member), now=timezone.now()),
                columns=(*_COLUMNS.values(), *_ACCOUNT),
                render=_wallet_read,
                default_order=["created_at"],
            )
        )
