"""The OpenAPI document, written from the declarations that also guard the endpoints."""

import re
from collections.abc import Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework.serializers import (
    BaseSerializer,
    BooleanField,
    CharField,
    DateTimeField,
    IntegerField,
    JSONField,
    ListField,
    Serializer,
)

from loyalty.api.idempotency import MUTATING
from loyalty.api.listing import DEFAULT_SIZE, MAX_PAGE, MAX_SIZE
from loyalty.api.operations import Operation
from loyalty.api.search import Term


class ViolationRead(Serializer[Any]):
    message = CharField()
    parameters = JSONField()
    plural = IntegerField(allow_null=True)
    code = CharField()
    path = CharField()


class BadRequest(Serializer[Any]):
    code = IntegerField()
    message = CharField()
    errors = ViolationRead(many=True)  # type: ignore[assignment]  # Not Serializer.errors.


class Refused(Serializer[Any]):
    """`code` is a string in 405 and in the token errors of 401, and missing in others of 401."""

    code = JSONField(required=False)
    message = CharField()


class TotalRead(Serializer[Any]):
    """Exact up to 5000; above, the database's estimate, and `estimated` says so."""

    all = IntegerField()
    filtered = IntegerField()
    estimated = BooleanField()


_REFUSALS = {
    400: (BadRequest, "A value is bad; nothing was done."),
    401: (Refused, "The caller is not known."),
    403: (Refused, "The caller may not do this here, or there is no such store."),
    404: (Refused, "There is no such thing in this store."),
    405: (Refused, "Not with this method."),
    409: (Refused, "Not now: another request is in the way."),
    413: (Refused, "The body is too large."),
    415: (Refused, "The body is not of the documented type."),
    422: (Refused, "The Idempotency-Key was used for another request."),
    429: (Refused, "Too many wrong passwords, or streams at once; see Retry-After."),
    503: (Refused, "The database is busy; see Retry-After."),
}

# Each with an example that the demo data answers, so that a first try on /docs succeeds.
_PATH_PARAMETERS = {
    "store_code": ("Code of the store, whatever its case.", "DEFAULT"),
    "member": (
        "UUID, `email=…`, `phone=…` or `loyaltyCardNumber=…`.",
        "loyaltyCardNumber=DEFAULT-0001",
    ),
    "badge_type": ("UUID, or `systemCode=…`.", "systemCode=first_cup"),
}

_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="8 to 255 visible ASCII characters. The same key gives the same answer for a day.",
)


class StrictBody(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A strict body refuses what it does not know, and its schema says so."""

    target_class = "loyalty.api.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(
            self.target, direction, bypass_extensions=True
        )
        return {**schema, "additionalProperties": False}


class OperationSchema(AutoSchema):
    """Reads the `@operation` of the view's action."""

    @property
    def operation(self) -> Operation:
        action: Any = getattr(self.view, getattr(self.view, "action"))  # noqa: B009 (no stubs)
        declared: Operation = action.operation
        return declared

    def get_operation_id(self) -> str:
        # Logging out works by GET, as documented, and by POST: one action, two operations.
        return self.operation.id.replace("Get", "Post") if self._is_twin() else self.operation.id

    def _is_twin(self) -> bool:
        actions: dict[str, str] = getattr(self.view, "action_map")  # noqa: B009 (not in the stubs)
        return self.method == "POST" and actions.get("get") == actions.get("post")

    def get_summary(self) -> str:
        return self.operation.summary

    def get_description(self) -> str:  # type: ignore[override]  # DRF asks nobody else.
        need = self.operation.need
        if need is None:
            return "Open to everybody."
        if need.resource is None:
            who = "Any administrator"
        else:
            who = f"Needs {need.resource.value}/{need.access.value}"
        return f"{who}; a member may ask about themselves." if need.own_member else f"{who}."

    def get_tags(self) -> list[str]:
        return [self.operation.tag]

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [] if self.operation.need is None else [{"Bearer": []}, {"token": []}]

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False  # A list here is an object, with `items` and `total`.

    def get_request_serializer(self) -> Any:
        return self.operation.body

    def get_response_serializers(self) -> Any:
        declared = self.operation
        answers: dict[Any, Any] = {declared.status: self._answer(declared)}
        if declared.file_type:
            answers = {(declared.status, declared.file_type): OpenApiTypes.BINARY}
        for status in self._refusals(declared):
            serializer, description = _REFUSALS[status]
            answers[status] = OpenApiResponse(serializer, description)
        return answers

    def _answer(self, declared: Operation) -> Any:
        if declared.answer is None:
            return OpenApiResponse(None, "Done; no content.")
        return _list_of(declared.answer) if declared.many else declared.answer

    def _refusals(self, declared: Operation) -> Iterator[int]:
        changes = self.method in MUTATING
        names_a_row = "{" in self.path.replace("{store_code}", "")
        if declared.body or declared.query or declared.search or changes:
            yield 400
        if declared.need or declared.body:
            yield 401
        if declared.need:
            yield 403
        if names_a_row or (declared.body and declared.need):
            yield 404
        if changes:
            yield from (409, 413, 415, 422)
        if declared.checks_password or declared.is_stream:
            yield 429
        yield 503

    def get_override_parameters(self) -> list[Any]:
        declared = self.operation
        parameters = [
            OpenApiParameter(
                name,
                {"type": "string", "example": example},
                OpenApiParameter.PATH,
                description=description,
            )
            for name, (description, example) in _PATH_PARAMETERS.items()
            if f"{{{name}}}" in self.path
        ]
        if declared.search is not None:
            parameters += self._list_parameters(declared.search.terms)
            parameters += [
                OpenApiParameter(name, str)
                for name in declared.search.base_filters
                if name.partition("[")[0] not in declared.search.terms
            ]
        if declared.query is not None:
            parameters += [
                OpenApiParameter(
                    name,
                    OpenApiTypes.DATETIME if isinstance(field, DateTimeField) else str,
                    required=field.required,
                    description=str(field.help_text or ""),
                )
                for name, field in declared.query().fields.items()
            ]
        if self.method in MUTATING and declared.need is not None:
            parameters.append(_KEY)
        return parameters

    def _list_parameters(self, terms: dict[str, Term]) -> list[OpenApiParameter]:
        sortable = ", ".join(name for name, term in terms.items() if term.sortable)
        return [
            *(
                OpenApiParameter(
                    name,
                    {"type": "string"},
                    description=f"Or {name}[operator], with "
                    + ", ".join(f"`{operator}`" for operator in term.operators)
                    + ".",
                )
                for name, term in terms.items()
            ),
            _bounded("_page", "Number of the page, starts from 1.", 1, MAX_PAGE),
            _bounded("_itemsOnPage", "Items on one page.", DEFAULT_SIZE, MAX_SIZE),
            OpenApiParameter(
                "_orderBy",
                {
                    "type": "object",
                    "additionalProperties": {"type": "string", "enum": ["asc", "desc"]},
                    # Without one, a page to try calls on invents names of fields.
                    "example": {},
                },
                style="deepObject",
                explode=True,
                description=f"Sorts by: {sortable}.",
            ),
            OpenApiParameter("_locale", str, description="Language of the flat names."),
        ]


_LISTS: dict[Any, Any] = {}


def _list_of(answer: type[BaseSerializer[Any]]) -> Any:
    """The envelope of a list; one class for each answer, as the document has one component."""
    if answer not in _LISTS:
        _LISTS[answer] = _make_list_of(answer)
    return _LISTS[answer]


def _make_list_of(answer: type[BaseSerializer[Any]]) -> Any:
    name = re.sub("Read$", "", answer.__name__)
    fields = {"items": ListField(child=answer()), "total": TotalRead()}
    return inline_serializer(f"{name}List", fields)


def _bounded(name: str, description: str, default: int, most: int) -> OpenApiParameter:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return OpenApiParameter(name, schema, description=description)


def camel_case_paths(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Path parameters as Open Loyalty writes them: `{storeCode}`, `{badgeType}`."""
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    parameter["name"] = _camel(parameter["name"])
    result["paths"] = {
        re.sub(r"\{(\w+)\}", lambda found: f"{{{_camel(found[1])}}}", path): operations
        for path, operations in result["paths"].items()
    }
    return result


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
