"""Transactions (Open Loyalty notes, section 7.5); batches are Rosette's own."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.api import scrolling
from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.scrolling import answer_scroll
from loyalty.api.views import StoreViewSet
from loyalty.errors import Code, Invalid, Violation
from loyalty.models import Access, Resource
from members.api.activity_reading import MAX_BATCH, take_many, take_one
from members.api.activity_search import TransactionSearch
from members.api.transaction_reading import (
    AssignBody,
    TransactionBatchBody,
    TransactionBody,
    read_transaction,
)
from members.api.transaction_serializers import (
    TRANSACTION_COLUMNS,
    AssignedRead,
    TransactionBatchRead,
    TransactionIdRead,
    TransactionRead,
    transaction_read,
)
from members.models import Member
from members.selectors.activity import get_transaction, transactions
from members.selectors.identifiers import member_ids
from members.selectors.members import members
from members.services.transactions import assign_transaction, take_transactions

VIEW = Need(Resource.TRANSACTION)
MODIFY = Need(Resource.TRANSACTION, Access.MODIFY)


class TransactionsViewSet(StoreViewSet):
    @operation(
        "transactionGetList", "List transactions", VIEW,
        answer=TransactionRead, many=True, search=TransactionSearch, tag="Transactions",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(
            request.query_params, TransactionSearch, self.store, also=[scrolling.PARAMETER]
        )
        token, rows = request.query_params.get(scrolling.PARAMETER), transactions(self.store)
        shape: dict[str, Any] = {
            "columns": TRANSACTION_COLUMNS,
            "render": lambda row: transaction_read(row, self.store),
        }
        if token is not None:
            return Response(answer_scroll(query, token, rows, moment="received_at", **shape))
        return Response(answer_page(query, rows, default_order=["-received_at"], **shape))

    @operation(
        "_transactionPost", "Add a transaction", MODIFY,
        body=TransactionBody, answer=TransactionIdRead, tag="Transactions",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        taken = take_one(
            request, self.store, wrapper="transaction", read=read_transaction, take=self._take
        )
        return Response({"transactionId": taken})

    @operation(
        "transactionPostBatch", f"Add up to {MAX_BATCH} transactions; those that are good", MODIFY,
        body=TransactionBatchBody, answer=TransactionBatchRead, tag="Transactions",
    )  # fmt: skip
    def create_many(self, request: Request) -> Response:
        return Response(
            take_many(
                request, self.store, wrapper="transactions", read=read_transaction,
                take=self._take, key="transactionId",
            )
        )  # fmt: skip

    @operation(
        "transactionPostMemberAssign", "Say whose transaction it is", MODIFY,
        body=AssignBody, answer=AssignedRead, tag="Transactions",
    )  # fmt: skip
    def assign(self, request: Request) -> Response:
        given = self.body()
        member = self._named(given)
        assigned = assign_transaction(
            self.store,
            document_number=given["transactionDocumentNumber"],
            member=member,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response({"transactionId": assigned, "customerId": member.id})

    @operation(
        "transactionGet", "Read a transaction", VIEW, answer=TransactionRead, tag="Transactions"
    )
    def retrieve(self, request: Request, transaction_id: str) -> Response:
        found = get_transaction(self.store, transaction_id, TRANSACTION_COLUMNS)
        return Response(transaction_read(found, self.store))

    def _take(self, given: Any) -> Any:
        return take_transactions(
            self.store, transactions=given, actor=self.actor, now=timezone.now()
        )

    def _named(self, given: Mapping[str, Any]) -> Member:
        """The member whom the body of an assignment names in one of four ways."""
        names = {name: key for name, key in _NAMES.items() if given.get(name)}
        if len(names) != 1:
            message = "Name the member in one way."
            raise Invalid(Violation(Code.MISSING, "customerId", message))
        ((name, key),) = names.items()
        named = (key, str(given[name]))
        ids = member_ids(self.store, [named]).values()
        found = members(self.store).filter(id__in=[*ids]).first()
        if found is None:
            raise Invalid(Violation(Code.CHOICE, name, "There is no such member."))
        return found


_NAMES = {
    "customerId": "id",
    "customerEmail": "email",
    "customerPhoneNumber": "phone",
    "customerLoyaltyCardNumber": "loyaltyCardNumber",
}
