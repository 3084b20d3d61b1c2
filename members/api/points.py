"""Points: adding, spending, and the ledger of both (Open Loyalty notes, section 7.6)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.search import choice, flag, identifier, moment, search, text
from loyalty.api.views import StoreViewSet
from loyalty.models import Access, Resource
from members.api.points_serializers import (
    TRANSFER_COLUMNS,
    AddBody,
    BatchRead,
    BatchWrite,
    SpendBody,
    TransferIdRead,
    TransferRead,
    errors_read,
    transfer_read,
    wallet_code,
)
from members.models import PointsKind
from members.selectors.identifiers import Named, member_ids
from members.selectors.points import get_transfer, transfers
from members.services.booking import Booked, Transfer
from members.services.points import (
    book_transfer,
    book_transfers,
    cancel_transfer,
    expire_transfer,
)

VIEW = Need(Resource.POINT_TRANSFER)
MODIFY = Need(Resource.POINT_TRANSFER, Access.MODIFY)

# It is worked out for each row, so no index can sort by it.
_CANCELLED = replace(flag("cancelled"), sortable=False)

TransferSearch = search(
    "TransferSearch",
    {
        "transferId": identifier("id"),
        "type": choice("kind"),
        "customer": identifier("member_id"),
        "member:id": identifier("member_id"),
        "member:email": text("member__email"),
        "member:phoneNumber": text("member__phone"),
        "member:loyaltyCardNumber": text("member__loyalty_card_number"),
        "walletCode": text("wallet"),
        "walletType:code": text("wallet"),
        "externalTransferId": text("external_id"),
        "comment": text("comment"),
        "createdBy": text("actor_label"),
        "cancelled": _CANCELLED,
        "createdAt": moment("recorded_at"),
        "requestedAt": moment("occurred_at"),
        "expiresAt": moment("expires_at"),
    },
)


class PointsViewSet(StoreViewSet):
    @operation(
        "pointsGetTransferList", "List transfers of points", VIEW,
        answer=TransferRead, many=True, search=TransferSearch, tag="Points",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, TransferSearch, self.store)
        return Response(
            answer_page(
                query,
                transfers(self.store),
                columns=TRANSFER_COLUMNS,
                render=transfer_read,
                default_order=["-recorded_at"],
            )
        )

    @operation("transferGet", "Read a transfer", VIEW, answer=TransferRead, tag="Points")
    def retrieve(self, request: Request, transfer_id: str) -> Response:
        return Response(transfer_read(vars(get_transfer(self.store, transfer_id))))

    @operation(
        "pointsPostTransferAdd", "Add points", MODIFY,
        body=AddBody, answer=TransferIdRead, tag="Points",
    )  # fmt: skip
    def add(self, request: Request) -> Response:
        return self._book(PointsKind.ADDING)

    @operation(
        "pointsPostTransferSpend", "Spend points", MODIFY,
        body=SpendBody, answer=TransferIdRead, tag="Points",
    )  # fmt: skip
    def spend(self, request: Request) -> Response:
        return self._book(PointsKind.SPENDING)

    @operation(
        "pointsPostBatch", "Add and spend points, up to 1,000 times", MODIFY,
        body=BatchWrite, answer=BatchRead, tag="Points",
    )  # fmt: skip
    def batch(self, request: Request) -> Response:
        given = self.body()["transfers"]
        good = {
            index: each for index, each in enumerate(given) if not isinstance(each, ValidationError)
        }
        found = member_ids(self.store, [_named(each) for each in good.values()])
        booked = book_transfers(
            self.store,
            transfers=[
                _transfer(PointsKind(each["type"]), each, found.get(_named(each)))
                for each in good.values()
            ],
            actor=self.actor,
            now=timezone.now(),
        )
        answers = dict(zip(good, booked, strict=True))
        return Response(
            {
                "transfers": [
                    _booked_read(index, answers.get(index, each))
                    for index, each in enumerate(given)
                ]
            }
        )

    @operation(
        "transferPostCancel", "Cancel a transfer: take it back", MODIFY, status=204, tag="Points"
    )  # fmt: skip
    def cancel(self, request: Request, transfer_id: str) -> Response:
        cancel_transfer(
            self.store, transfer_id=UUID(transfer_id), actor=self.actor, now=timezone.now()
        )
        return Response(status=204)

    @operation(
        "transferPostExpire", "Let what is left of added points expire", MODIFY,
        status=204, tag="Points",
    )  # fmt: skip
    def expire(self, request: Request, transfer_id: str) -> Response:
        expire_transfer(
            self.store, transfer_id=UUID(transfer_id), actor=self.actor, now=timezone.now()
        )
        return Response(status=204)

    def _book(self, kind: PointsKind) -> Response:
        given = self.body()
        found = member_ids(self.store, [_named(given)])
        booked = book_transfer(
            self.store,
            transfer=_transfer(kind, given, found.get(_named(given))),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response({"transferId": booked})


def _named(given: Mapping[str, Any]) -> Named:
    return given["customer"].key, given["customer"].value


def _transfer(kind: PointsKind, given: Mapping[str, Any], member_id: UUID | None) -> Transfer:
    days = given.get("expiresInDays")
    return Transfer(
        kind,
        member_id,
        given["points"],
        wallet=wallet_code(given),
        occurred_at=given.get("requestedAt"),
        expires_in=None if days is None else timedelta(days=days),
        external_id=given.get("externalTransferId"),
        comment=given.get("comment", ""),
    )


def _booked_read(index: int, answer: Booked | ValidationError) -> dict[str, Any]:
    if isinstance(answer, UUID):
        return {"index": index, "transferId": answer}
    return {"index": index, "errors": errors_read(answer)}
