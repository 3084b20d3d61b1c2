"""The sealed base of every endpoint.

A subclass declares operations; it cannot forget to check, because it is not asked to.
"""

from typing import Any, ClassVar

from django.http import HttpResponse, HttpResponseBase
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from loyalty.actors import Actor
from loyalty.addresses import address_of
from loyalty.api.authentication import (
    CallerLookup,
    administrator_caller,
    credential_of,
)
from loyalty.api.errors import open_loyalty_body
from loyalty.api.idempotency import answer_once, key_of
from loyalty.api.operations import Operation
from loyalty.api.rendering import JsonWhateverIsAsked
from loyalty.errors import Forbidden, Unauthenticated
from loyalty.models import Store
from loyalty.selectors.callers import Caller

_SEALED = {
    "dispatch": "the idempotency key is honoured there",
    "initial": "the caller and the store are checked there",
    "get_queryset": "ask a selector, and give it self.store",
    "get_object": "ask a selector, and give it self.store",
    "get_permissions": "declare a Need in @operation instead",
    "get_authenticators": "set caller_lookups instead",
}
_KERNEL = "loyalty.api.views"


class ApiViewSet(ViewSet):
    """Endpoints outside of stores.  After `initial()`, `self.caller` may do what is declared."""

    caller_lookups: ClassVar[tuple[CallerLookup, ...]] = (administrator_caller,)
    permission_classes = [AllowAny]  # `initial` below decides.
    content_negotiation_class = JsonWhateverIsAsked
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    error_body = staticmethod(open_loyalty_body)

    caller: Caller
    body_root = ""
    """The key that wraps the request's body; paths in errors begin with it."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__ != _KERNEL:
            for name, hint in _SEALED.items():
                if name in cls.__dict__:
                    raise TypeError(f"{cls.__name__}.{name} is sealed: {hint}.")

    @property
    def actor(self) -> Actor:
        return self.caller.actor

    @property
    def operation(self) -> Operation:
        """The declaration of the action that was asked for."""
        declared = getattr(getattr(self, self.action or "", None), "operation", None)
        allowed = (self.request.method or "").lower() in self.http_method_names
        if not allowed or not isinstance(declared, Operation):
            raise MethodNotAllowed(str(self.request.method))
        return declared

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """DRF's own, with the idempotency key between the checks and the work."""
        self.args, self.kwargs = args, kwargs
        self.request = request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        response: HttpResponse
        try:
            self.initial(request, *args, **kwargs)
            key = key_of(request) if self.operation.need is not None else None
            if key is None:
                response = self._work(request)
            else:
                response = answer_once(
                    request, self._key_scope(), self._principal(), key,
                    work=lambda: self._finished(self._work_or_refuse(request)),
                )  # fmt: skip
        except Exception as error:  # noqa: BLE001 (the one place where errors become answers)
            response = self.handle_exception(error)
        if isinstance(response, Response):
            return self._finished(response)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        request.accepted_renderer = self.get_renderers()[0]
        request.accepted_media_type = request.accepted_renderer.media_type
        need = self.operation.need
        if need is None:
            return
        self.caller = self._authenticated(request)
        self._enter()
        self._check(self.caller)

    def body(self) -> Any:
        """The parsed body of the request; raises for everything that the schema does not allow."""
        declared = self.operation.body
        assert declared is not None, "The operation declares no body."  # noqa: S101
        serializer = declared(data=self.request.data, context=self._context())
        serializer.is_valid(raise_exception=True)
        wrapper = getattr(declared, "wrapper", "")
        self.body_root = wrapper
        return serializer.validated_data[wrapper] if wrapper else serializer.validated_data

    def query(self) -> Any:
        """The parameters of the request, for an operation that declares them; raises as `body`."""
        declared = self.operation.query
        assert declared is not None, "The operation declares no parameters."  # noqa: S101
        given = {
            # A "+" that nobody quoted has become a space, and stands in no moment otherwise.
            name: values[-1].replace(" ", "+")
            for name, values in self.request.query_params.lists()
            if name not in {"auth_token", "_locale"}
        }
        serializer = declared(data=given, context=self._context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def _authenticated(self, request: Request) -> Caller:
        credential = credential_of(request)
        if credential is None:
            raise Unauthenticated(Unauthenticated.Reason.MISSING)
        store_code, address = self.kwargs.get("store_code"), address_of(request.META)
        for lookup in self.caller_lookups:
            caller = lookup(credential, store_code, address)
            if caller is not None:
                return caller
        # Known, but of a kind that this endpoint does not serve: a member.
        raise Forbidden

    def _enter(self) -> None:
        """Nothing to enter here; `StoreViewSet` enters its store."""

    def _check(self, caller: Caller) -> None:
        need = self.operation.need
        assert need is not None  # noqa: S101 (`initial` returned before)
        if caller.is_member:
            allowed = need.own_member
        else:
            allowed = need.resource is None or caller.may(need.resource, need.access)
        if not allowed:
            raise Forbidden

    def _context(self) -> dict[str, Any]:
        return {"request": self.request, "view": self}

    def _work(self, request: Request) -> Response:
        handler = getattr(self, (request.method or "").lower())
        response: Response = handler(request, **self._handler_arguments())
        return response

    def _work_or_refuse(self, request: Request) -> Response:
        try:
            return self._work(request)
        except Exception as error:  # noqa: BLE001 (as above; a refusal is an answer to keep)
            return self.handle_exception(error)

    def _finished(self, response: Response) -> Response:
        finished = self.finalize_response(self.request, response, *self.args, **self.kwargs)
        assert isinstance(finished, Response)  # noqa: S101
        finished.render()
        return finished

    def _handler_arguments(self) -> dict[str, Any]:
        return self.kwargs

    def _key_scope(self) -> Store | None:
        return None

    def _principal(self) -> str:
        return f"{self.actor.kind}:{self.actor.id}"


class StoreViewSet(ApiViewSet):
    """Endpoints below /api/{storeCode}/.  `self.store` is a store that the caller may enter."""

    store: Store

    def _enter(self) -> None:
        self.store = self.caller.entered_store()

    def _context(self) -> dict[str, Any]:
        return {**super()._context(), "store": self.store}

    def _handler_arguments(self) -> dict[str, Any]:
        return {name: value for name, value in self.kwargs.items() if name != "store_code"}

    def _key_scope(self) -> Store | None:
        return self.store
