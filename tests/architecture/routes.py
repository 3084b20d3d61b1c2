"""Every route below /api/, read from the resolver, so that no test keeps a list of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from loyalty.api.operations import Operation
from loyalty.api.views import ApiViewSet, StoreViewSet


@dataclass(frozen=True)
class Route:
    """One method of one URL pattern.  `pattern` is Django's, `parameters` its names in order."""

    pattern: str
    parameters: tuple[str, ...]
    method: str
    view: type[ApiViewSet]
    action: str

    @property
    def operation(self) -> Operation:
        declared = getattr(getattr(self.view, self.action), "operation", None)
        assert isinstance(declared, Operation), f"{self} has an action without @operation."
        return declared

    @property
    def in_store(self) -> bool:
        return issubclass(self.view, StoreViewSet)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.pattern}"

    def url(self, **values: str) -> str:
        """The URL with each parameter's text put in, however little it fits the pattern."""
        url = self.pattern
        for name in self.parameters:
            before, _, rest = url.partition("<")
            _, _, after = rest.partition(">")
            url = f"{before}{values[name]}{after}"
        return f"/{url}"


def api_patterns() -> Iterator[tuple[str, URLPattern]]:
    """Each pattern below /api/ with its full route, in the order of resolution."""
    for resolver in get_resolver().url_patterns:
        prefix = str(resolver.pattern)
        if isinstance(resolver, URLResolver) and prefix == "api/":
            for pattern in resolver.url_patterns:
                assert isinstance(pattern, URLPattern), "Routes are spelled out in one level."
                yield prefix + str(pattern.pattern), pattern


def api_routes() -> list[Route]:
    routes = []
    for route, pattern in api_patterns():
        callback: Any = pattern.callback
        for method, action in callback.actions.items():
            if method != "head":  # DRF serves it with GET's action.
                parameters = tuple(pattern.pattern.converters)
                routes.append(Route(route, parameters, method, callback.cls, action))
    return routes
