"""Is the server there, and can it work? (Open Loyalty notes, section 9.)  Open to everybody."""

from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from psycopg_pool import PoolTimeout
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, Serializer

from loyalty.api.operations import operation
from loyalty.api.views import ApiViewSet


class AboutRead(Serializer[Any]):
    name = CharField()
    version = CharField()


class HealthViewSet(ApiViewSet):
    @operation("getApi", "Name and version", None, answer=AboutRead, tag="Health")
    def about(self, request: Request) -> Response:
        return Response({"name": "Rosette", "version": settings.VERSION})

    @operation("getHealthcheck", "204 when the server can work", None, status=204, tag="Health")
    def check(self, request: Request) -> Response:
        """The broker is not asked: without it everything still gets done, only later."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except (DatabaseError, InterfaceError, PoolTimeout):
            problem = {
                "status": "Problem",
                "error": "database",
                "message": "The database does not answer.",
                "retryAfter": 1,
            }
            return Response([problem], status=503, headers={"Retry-After": "1"})
        return Response(status=204)
