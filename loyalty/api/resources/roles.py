"""Roles (Open Loyalty notes, section 2, "Roles")."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    IntegerField,
    ListField,
    Serializer,
)

from loyalty.api.listing import read_list_query, total
from loyalty.api.operations import Need, operation
from loyalty.api.search import flag, number, search, text
from loyalty.api.serializers import Choice, Flag, Items, StrictSerializer, Text, wrapped
from loyalty.api.views import ApiViewSet
from loyalty.errors import NotFound
from loyalty.models import Access, Resource, Role
from loyalty.selectors.access import Reach, reach_of, roles_seen_by
from loyalty.services.roles import create_role, delete_role, update_role


class PermissionWrite(StrictSerializer):
    """`filterQuery` would narrow a permission to rows; only an empty one is understood."""

    resource = Choice(choices=Resource.choices)
    access = Choice(choices=Access.choices)
    filterQuery = Text(required=False, allow_null=True, allow_blank=True, max_length=0)


class RoleWrite(StrictSerializer):
    name = Text()
    default = Flag(required=False)
    permissions = Items(child=PermissionWrite(), required=False)
    stores = Items(child=Text(max_length=64), required=False, max_length=1000)


RoleBody = wrapped("role", RoleWrite)


class PermissionRead(Serializer[Any]):
    id = IntegerField()
    resource = CharField()
    access = CharField()
    filterQuery = CharField(allow_null=True)


class RoleRead(Serializer[Any]):
    id = IntegerField()
    name = CharField()
    role = CharField()
    master = BooleanField()
    default = BooleanField()
    stores = ListField(child=CharField())
    permissions = PermissionRead(many=True)


class CodeRead(Serializer[Any]):
    code = CharField()
    name = CharField()


RoleSearch = search(
    "RoleSearch",
    {
        "id": number("id"),
        "name": text("name"),
        "master": flag("is_master"),
        "default": flag("is_default"),
    },
)


def role_read(role: Role) -> dict[str, Any]:
    return {
        "id": role.id,
        "name": role.name,
        "role": f"ROLE_{role.id}",
        "master": role.is_master,
        "default": role.is_default,
        "stores": [store.code for store in role.stores.all()],
        "permissions": [
            {
                "id": permission.id,
                "resource": permission.resource,
                "access": permission.access,
                "filterQuery": None,
            }
            for permission in role.permissions.all()
        ],
    }


class RolesViewSet(ApiViewSet):
    @operation(
        "aclRoleGetList", "List roles", Need(Resource.ACL),
        answer=RoleRead, many=True, search=RoleSearch, tag="Access",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, RoleSearch, None)
        rows = roles_seen_by(self.caller.administrator_id)
        narrowed = query.narrowed(rows)
        page = query.sliced(query.ordered(narrowed, ["id"])).prefetch_related(
            "stores", "permissions"
        )
        return Response(
            {
                "items": [role_read(role) for role in page],
                "total": total(rows, narrowed if query.is_filtered else None),
            }
        )

    @operation(
        "aclRolePost", "Make a role", Need(Resource.ACL, Access.MODIFY),
        body=RoleBody, status=201, tag="Access",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        create_role(**self._details(), actor=self.actor, reach=self._reach())
        return Response(status=201)

    @operation("aclRoleGet", "Read a role", Need(Resource.ACL), answer=RoleRead, tag="Access")
    def retrieve(self, request: Request, role_id: int) -> Response:
        return Response(role_read(self._role(role_id)))

    @operation(
        "aclRolePut", "Change a role", Need(Resource.ACL, Access.MODIFY),
        body=RoleBody, status=204, tag="Access",
    )  # fmt: skip
    def update(self, request: Request, role_id: int) -> Response:
        role = self._role(role_id)
        update_role(role_id=role.id, **self._details(), actor=self.actor, reach=self._reach())
        return Response(status=204)

    @operation(
        "aclRoleDelete", "Delete a role", Need(Resource.ACL, Access.MODIFY),
        status=204, tag="Access",
    )  # fmt: skip
    def destroy(self, request: Request, role_id: int) -> Response:
        role = self._role(role_id)
        delete_role(role_id=role.id, actor=self.actor, reach=self._reach())
        return Response(status=204)

    @operation(
        "aclGetAccesses", "The kinds of access that there are", Need(Resource.ACL),
        answer=CodeRead, many=True, tag="Access",
    )  # fmt: skip
    def accesses(self, request: Request) -> Response:
        return Response(_codes(Access.choices))

    @operation(
        "aclGetResources", "The resources that permissions are about", Need(Resource.ACL),
        answer=CodeRead, many=True, tag="Access",
    )  # fmt: skip
    def resources(self, request: Request) -> Response:
        return Response(_codes(Resource.choices))

    def _role(self, role_id: int) -> Role:
        role = roles_seen_by(self.caller.administrator_id).filter(id=role_id).first()
        if role is None:
            raise NotFound
        return role

    def _reach(self) -> Reach:
        return reach_of(self.caller.administrator_id)

    def _details(self) -> dict[str, Any]:
        given = self.body()
        return {
            "name": given["name"],
            "is_default": given.get("default", False),
            "permissions": [
                (permission["resource"], permission["access"])
                for permission in given.get("permissions", [])
            ],
            "store_codes": given.get("stores", []),
        }


def _codes(choices: Any) -> dict[str, Any]:
    items = [{"code": code, "name": str(name)} for code, name in choices]
    return {
        "items": items,
        "total": {"all": len(items), "filtered": len(items), "estimated": False},
    }
