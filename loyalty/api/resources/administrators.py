"""Administrators and their API keys (Open Loyalty notes, sections 1.3 and 1.4)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    IntegerField,
    ListField,
    Serializer,
    UUIDField,
)

from loyalty.api.listing import answer_page, read_list_query, total
from loyalty.api.operations import VIEW_SELF, Need, operation
from loyalty.api.resources.roles import role_read
from loyalty.api.search import flag, identifier, moment, number, search, text
from loyalty.api.serializers import (
    Count,
    Email,
    Flag,
    Items,
    Moment,
    StrictSerializer,
    Text,
    wrapped,
)
from loyalty.api.views import ApiViewSet
from loyalty.errors import Forbidden, NotFound
from loyalty.models import Access, Administrator, ApiKey, Resource
from loyalty.selectors.access import administrators_seen_by, reach_of
from loyalty.services.administrators import (
    change_own_password,
    check_manages,
    count_password_attempt,
    create_administrator,
    update_administrator,
)
from loyalty.services.api_keys import create_api_key, revoke_api_key, update_api_key


class AdministratorWrite(StrictSerializer):
    email = Email()
    firstName = Text(required=False, allow_blank=True)
    lastName = Text(required=False, allow_blank=True)
    phone = Text(required=False, allow_blank=True, max_length=64)
    plainPassword = Text(required=False, max_length=1024)
    external = Flag(required=False)
    isActive = Flag(required=False)
    notificationsEnabled = Flag(required=False)
    roles = Items(child=Count())


AdministratorBody = wrapped("admin", AdministratorWrite)


class AdministratorIdRead(Serializer[Any]):
    adminId = UUIDField()


class AdministratorRead(Serializer[Any]):
    id = UUIDField()
    username = CharField()
    isActive = BooleanField()
    createdAt = DateTimeField()
    roles = ListField(child=IntegerField())
    email = CharField()
    phone = CharField()
    firstName = CharField()
    lastName = CharField()
    external = BooleanField()
    canChangePassword = BooleanField()
    dtype = CharField()


class PermissionsRead(Serializer[Any]):
    superAdmin = BooleanField()
    roles = ListField(child=CharField())
    permissions = ListField(child=CharField())


class PasswordWrite(StrictSerializer):
    currentPassword = Text(max_length=1024)
    plainPassword = Text(max_length=1024)


class ApiKeyWrite(StrictSerializer):
    name = Text()
    expirationDate = Moment(required=False, allow_null=True)


ApiKeyBody = wrapped("apiKey", ApiKeyWrite)


class ApiKeyRead(Serializer[Any]):
    """`token` is whole in the answer to its creation and masked everywhere else."""

    apiKeyId = UUIDField()
    token = CharField()
    adminId = UUIDField()
    name = CharField()
    legacy = BooleanField()
    expirationDate = DateTimeField(allow_null=True)


AdministratorSearch = search(
    "AdministratorSearch",
    {
        "id": identifier("id"),
        "username": text("username"),
        "isActive": flag("is_active"),
        "createdAt": moment("created_at"),
        "email": text("email"),
        "phone": text("phone"),
        "firstName": text("first_name"),
        "lastName": text("last_name"),
        "external": flag("external"),
        "role": number("roles__id", sortable=False),
    },
)
ApiKeySearch = search(
    "ApiKeySearch", {"name": text("name"), "expirationDate": moment("expires_at")}
)

_FIELDS = {
    "email": "email",
    "firstName": "first_name",
    "lastName": "last_name",
    "phone": "phone",
    "external": "external",
    "isActive": "is_active",
    "notificationsEnabled": "notifications_enabled",
    "plainPassword": "password",
    "roles": "role_ids",
}


def administrator_read(administrator: Administrator) -> dict[str, Any]:
    return {
        "id": administrator.id,
        "username": administrator.username,
        "isActive": administrator.is_active,
        "createdAt": administrator.created_at,
        "roles": [role.id for role in administrator.roles.all()],
        "email": administrator.email,
        "phone": administrator.phone,
        "firstName": administrator.first_name,
        "lastName": administrator.last_name,
        "external": administrator.external,
        "canChangePassword": not administrator.external,
        "dtype": "admin",
    }


def api_key_read(row: Mapping[str, Any], *, token: str | None = None) -> dict[str, Any]:
    return {
        "apiKeyId": row["id"],
        "token": token or f"{row['public_part']}_…",
        "adminId": row["administrator_id"],
        "name": row["name"],
        "legacy": False,
        "expirationDate": row["expires_at"],
    }


class AdministratorsViewSet(ApiViewSet):
    """Callers see those who share a store with them, and change nobody who may do more."""

    @operation(
        "adminGetList", "List administrators", Need(Resource.ADMIN),
        answer=AdministratorRead, many=True, search=AdministratorSearch, tag="Administrator",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, AdministratorSearch, None)
        rows = administrators_seen_by(self.caller.administrator_id)
        # Whoever has several of the roles is found by each of them.
        narrowed = query.narrowed(rows).distinct()
        page = query.sliced(query.ordered(narrowed, ["created_at"])).prefetch_related("roles")
        return Response(
            {
                "items": [administrator_read(administrator) for administrator in page],
                "total": total(rows, narrowed if query.is_filtered else None),
            }
        )

    @operation(
        "adminPost", "Add an administrator", Need(Resource.ADMIN, Access.MODIFY),
        body=AdministratorBody, answer=AdministratorIdRead,
        tag="Administrator",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        administrator = create_administrator(
            **self._details(), actor=self.actor, reach=reach_of(self.caller.administrator_id)
        )
        return Response({"adminId": administrator.id})

    @operation(
        "adminGet", "Read an administrator", Need(Resource.ADMIN),
        answer=AdministratorRead, tag="Administrator",
    )  # fmt: skip
    def retrieve(self, request: Request, admin_id: str) -> Response:
        return Response(administrator_read(seen_administrator(self, admin_id)))

    @operation(
        "adminPut", "Change an administrator", Need(Resource.ADMIN, Access.MODIFY),
        body=AdministratorBody, answer=AdministratorIdRead,
        tag="Administrator",
    )  # fmt: skip
    def update(self, request: Request, admin_id: str) -> Response:
        administrator = update_administrator(
            administrator=seen_administrator(self, admin_id),
            **self._details(),
            actor=self.actor,
            reach=reach_of(self.caller.administrator_id),
        )
        return Response({"adminId": administrator.id})

    @operation(
        "adminGetPermissions", "What the caller may do", VIEW_SELF,
        answer=PermissionsRead, tag="Administrator",
    )  # fmt: skip
    def permissions(self, request: Request) -> Response:
        me = own_account(self)
        return Response(
            {
                "superAdmin": self.caller.is_master,
                "roles": [role_read(role)["role"] for role in me.roles.all()],
                "permissions": sorted(
                    f"{resource}:{access}" for resource, access in self.caller.permissions
                ),
            }
        )

    @operation(
        "adminPutPassword", "Change one's own password", VIEW_SELF,
        body=PasswordWrite, status=204, tag="Administrator", checks_password=True,
    )  # fmt: skip
    def password(self, request: Request) -> Response:
        given, now = self.body(), timezone.now()
        me = own_account(self)
        if me.external:
            raise Forbidden
        attempt = count_password_attempt(me, actor=self.actor, now=now)
        change_own_password(
            administrator=me,
            current_password=given["currentPassword"],
            new_password=given["plainPassword"],
            actor=self.actor,
            now=now,
        )
        attempt.fitted()
        return Response(status=204)

    def _details(self) -> dict[str, Any]:
        return {_FIELDS[name]: value for name, value in self.body().items()}


class ApiKeysViewSet(ApiViewSet):
    """One's own keys, and with ADMIN permission those of administrators below oneself."""

    @operation(
        "apiKeyGetList", "List an administrator's API keys", VIEW_SELF,
        answer=ApiKeyRead, many=True, search=ApiKeySearch, tag="Administrator",
    )  # fmt: skip
    def list(self, request: Request, admin_id: str) -> Response:
        query = read_list_query(request.query_params, ApiKeySearch, None)
        rows = ApiKey.objects.filter(administrator=self._owner(admin_id, Access.VIEW))
        columns = ("id", "public_part", "administrator_id", "name", "expires_at")
        return Response(
            answer_page(
                query, rows, columns=columns, render=api_key_read, default_order=["created_at"]
            )
        )

    @operation(
        "apiKeyPost", "Make an API key; its token is shown this once", VIEW_SELF,
        body=ApiKeyBody, answer=ApiKeyRead, tag="Administrator",
    )  # fmt: skip
    def create(self, request: Request, admin_id: str) -> Response:
        row, key = create_api_key(
            administrator=self._owner(admin_id, Access.MODIFY), **self._details(), actor=self.actor
        )
        return Response(api_key_read(vars(row), token=key), headers={"Cache-Control": "no-store"})

    @operation(
        "apiKeyPut", "Rename an API key or move its end", VIEW_SELF,
        body=ApiKeyBody, status=204, tag="Administrator",
    )  # fmt: skip
    def update(self, request: Request, admin_id: str, key_id: str) -> Response:
        update_api_key(api_key=self._key(admin_id, key_id), **self._details(), actor=self.actor)
        return Response(status=204)

    @operation(
        "apiKeyDelete", "Revoke an API key", VIEW_SELF, status=204, tag="Administrator"
    )  # fmt: skip
    def destroy(self, request: Request, admin_id: str, key_id: str) -> Response:
        revoke_api_key(api_key=self._key(admin_id, key_id), actor=self.actor)
        return Response(status=204)

    def _owner(self, admin_id: str, access: Access) -> Administrator:
        owner = seen_administrator(self, admin_id)
        if owner.id != self.caller.administrator_id:
            if not self.caller.may(Resource.ADMIN, access):
                raise Forbidden
            check_manages(reach_of(self.caller.administrator_id), owner)
        return owner

    def _key(self, admin_id: str, key_id: str) -> ApiKey:
        owner = self._owner(admin_id, Access.MODIFY)
        api_key = ApiKey.objects.filter(administrator=owner, id=key_id).first()
        if api_key is None:
            raise NotFound
        return api_key

    def _details(self) -> dict[str, Any]:
        given = self.body()
        expires_at: datetime | None = given.get("expirationDate")
        return {"name": given["name"], "expires_at": expires_at}


def own_account(view: ApiViewSet) -> Administrator:
    return seen_administrator(view, str(view.caller.administrator_id))


def seen_administrator(view: ApiViewSet, admin_id: str) -> Administrator:
    found = administrators_seen_by(view.caller.administrator_id).filter(id=admin_id).first()
    if found is None:
        raise NotFound
    return found
