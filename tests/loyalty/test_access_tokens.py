"""Access tokens: which are accepted where, and from when on no more."""

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.utils import timezone

from loyalty.models import Administrator, ApiKey, Role, Store
from loyalty.selectors.access import EVERYTHING
from loyalty.services.administrators import update_administrator
from loyalty.services.api_keys import revoke_api_key
from loyalty.services.roles import update_role
from loyalty.services.stores import update_store
from loyalty.tokens import AdminAccessToken, MemberAccessToken
from members.models import Member
from members.services.members import delete_member, set_member_active
from tests.architecture.routes import api_routes
from tests.builders import (
    PASSWORD,
    TESTER,
    admin_token,
    make_api_key,
    make_member,
    member_token,
)
from tests.clients import ApiClient

LIST = "/api/ALPHA/badge-type"
OWN = "/api/ALPHA/member/email=anna@example.com/badge"
INVALID = (401, {"code": "401", "message": "Invalid JWT Token"})
FORBIDDEN = (403, {"code": 403, "message": "Forbidden."})


def ask(token: str, url: str = LIST) -> tuple[int, Any]:
    answer = ApiClient.with_token(token).get(url)
    return answer.status_code, answer.json()


# --- Forgeries ----------------------------------------------------------------------------------


def public_pem() -> bytes:
    private = load_pem_private_key(settings.JWT_PRIVATE_KEY.encode(), password=None)
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def claims_of(manager: Administrator, **other: Any) -> dict[str, Any]:
    good = jwt.decode(admin_token(manager), options={"verify_signature": False})
    return {name: value for name, value in {**good, **other}.items() if value is not None}


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def unsigned(manager: Administrator, algorithm: str) -> str:
    header = {"alg": algorithm, "typ": "JWT"}
    return f"{encoded(header)}.{encoded(claims_of(manager))}."


def by_hmac(manager: Administrator, key: bytes, algorithm: str = "HS256") -> str:
    """Signed with what everybody may know, as if it were a shared secret."""
    import hashlib
    import hmac

    text = f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{encoded(claims_of(manager))}"
    digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[algorithm]
    signature = hmac.new(key, text.encode(), digest).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def by_stranger(manager: Administrator, **header: Any) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims_of(manager), key, "RS256", headers=header)


def by_us(manager: Administrator, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    return jwt.encode(
        claims_of(manager, **claims), settings.JWT_PRIVATE_KEY, "RS256", headers=header
    )


def tampered(manager: Administrator) -> str:
    head, _, signature = admin_token(manager).split(".")
    return f"{head}.{encoded(claims_of(manager, tv=99))}.{signature}"


FORGERIES: dict[str, Callable[[Administrator], str]] = {
    "alg none": lambda m: unsigned(m, "none"),
    "alg None": lambda m: unsigned(m, "None"),
    "alg nOnE": lambda m: unsigned(m, "nOnE"),
    "alg empty": lambda m: unsigned(m, ""),
    "no signature": lambda m: admin_token(m).rpartition(".")[0] + ".",
    "HS256 with the public key": lambda m: by_hmac(m, public_pem()),
    "HS256 with the public key, stripped": lambda m: by_hmac(m, public_pem().strip()),
    "HS512 with the public key": lambda m: by_hmac(m, public_pem(), "HS512"),
    "HS256 with nothing": lambda m: by_hmac(m, b""),
    "HS256 with the secret key": lambda m: by_hmac(m, settings.SECRET_KEY.encode()),
    "another key": by_stranger,
    "jku": lambda m: by_stranger(m, jku="https://evil.example/keys.json"),
    "x5u": lambda m: by_stranger(m, x5u="https://evil.example/cert.pem"),
    "kid as a path": lambda m: by_stranger(m, kid="../../../../dev/null"),
    "kid as SQL": lambda m: by_stranger(m, kid="' UNION SELECT 'key' --"),
    "jwk in the header": lambda m: by_stranger(m, jwk={"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
    "unknown crit": lambda m: by_us(m, header={"crit": ["exp", "x"], "x": 1}),
    "b64 false": lambda m: by_us(m, header={"crit": ["b64"], "b64": False}),
    "tampered": tampered,
    "RS512": lambda m: jwt.encode(claims_of(m), settings.JWT_PRIVATE_KEY, "RS512"),
    "PS256": lambda m: jwt.encode(claims_of(m), settings.JWT_PRIVATE_KEY, "PS256"),
    "wrong audience": lambda m: by_us(m, aud="rosette:member"),
    "both audiences' beginnings": lambda m: by_us(m, aud="rosette"),
    "no audience": lambda m: by_us(m, aud=None),
    "wrong issuer": lambda m: by_us(m, iss="rosette2"),
    "part of the issuer": lambda m: by_us(m, iss="rose"),
    "no issuer": lambda m: by_us(m, iss=None),
    "wrong type": lambda m: by_us(m, token_type="member"),
    "type of the library": lambda m: by_us(m, token_type="access"),
    "no type": lambda m: by_us(m, token_type=None),
    "no end": lambda m: by_us(m, exp=None),
    "no subject": lambda m: by_us(m, sub=None),
    "no version": lambda m: by_us(m, tv=None),
    "no id": lambda m: by_us(m, jti=None),
    "another version": lambda m: by_us(m, tv=m.token_version + 1),
    "an older version": lambda m: by_us(m, tv=m.token_version - 1),
    "not yet": lambda m: by_us(m, nbf=int(time.time()) + 600),
    "subject that is nobody": lambda m: by_us(m, sub="01a1f96c-ab83-71d6-a0cd-975c1bdda818"),
    "subject that is no id": lambda m: by_us(m, sub="root"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_opens_nothing(name: str, manager: Administrator) -> None:
    token = FORGERIES[name](manager)

    assert ask(token) == INVALID


def test_the_token_that_the_forgeries_are_made_from_is_good(manager: Administrator) -> None:
    assert ask(by_us(manager))[0] == 200
    assert ask(admin_token(manager))[0] == 200


def test_an_expired_token_says_so(manager: Administrator) -> None:
    token = by_us(manager, exp=int(time.time()) - 1, iat=int(time.time()) - 9)

    assert ask(token) == (401, {"code": "401", "message": "Expired JWT Token."})


def test_a_token_lives_for_a_day(manager: Administrator) -> None:
    claims = claims_of(manager)

    assert claims["exp"] - claims["iat"] == timedelta(days=1).total_seconds()
    assert claims.keys() == {"aud", "exp", "iat", "iss", "jti", "sub", "token_type", "tv"}


# --- Kinds --------------------------------------------------------------------------------------


def test_a_members_token_opens_only_what_is_the_members_own(member: Member) -> None:
    """Every route, by what it declares: no list is kept here."""
    client = ApiClient.with_token(member_token(member))
    names = {"store_code": "ALPHA", "badge_type": "systemCode=gold", "role_id": "1"}
    for route in api_routes():
        need = route.operation.need
        if need is None:
            continue
        values = {name: names.get(name, str(member.id)) for name in route.parameters}
        answer = client.request(route.method.upper(), route.url(**values))

        assert (answer.status_code == 403) == (not need.own_member), str(route)


def test_a_members_token_says_nothing_of_other_members(store: Store, member: Member) -> None:
    make_member(store, email="bella@example.com")

    for name in ("email=bella@example.com", "email=nobody@example.com", str(store.id)):
        assert ask(member_token(member), f"/api/ALPHA/member/{name}/badge") == FORBIDDEN


@pytest.mark.parametrize(
    "name",
    ["email=anna@example.com", "email=ANNA@EXAMPLE.COM", "phone=+48600100200",
     "loyaltyCardNumber=CARD-1"],
)  # fmt: skip
def test_a_member_may_call_themselves_by_any_identifier(name: str, member: Member) -> None:
    assert ask(member_token(member), f"/api/ALPHA/member/{name}/badge")[0] == 200


def test_a_members_token_is_good_in_one_store(other_store: Store, member: Member) -> None:
    make_member(other_store, email="anna@example.com")

    for code in ("BETA", "NOWHERE"):
        assert ask(member_token(member), OWN.replace("ALPHA", code)) == FORBIDDEN


def test_an_administrators_id_in_a_members_token_is_nobody(
    manager: Administrator, member: Member, store: Store
) -> None:
    as_member = MemberAccessToken.issue(store.id, manager.id, manager.token_version)
    as_admin = AdminAccessToken.issue(member.id, member.token_version)

    assert ask(str(as_member), OWN) == INVALID
    assert ask(str(as_admin)) == INVALID


def test_a_member_of_another_store_is_nobody_here(
    store: Store, other_store: Store, member: Member
) -> None:
    swapped = MemberAccessToken.issue(other_store.id, member.id, member.token_version)

    assert ask(str(swapped), OWN.replace("ALPHA", "BETA")) == INVALID


# --- The next request ---------------------------------------------------------------------------


def test_a_new_password_ends_the_tokens_given_out_before(
    manager: Administrator, anonymous: ApiClient
) -> None:
    token = admin_token(manager)
    changed = ApiClient.with_token(token).put(
        "/api/admin/password", {"currentPassword": PASSWORD, "plainPassword": f"{PASSWORD} 2"}
    )

    assert changed.status_code == 204
    assert ask(token) == INVALID
    login = {"username": manager.username, "password": f"{PASSWORD} 2"}
    assert anonymous.post("/api/admin/login_check", login).status_code == 200


def test_a_deactivated_administrator_is_refused_at_once(manager: Administrator) -> None:
    token, key = admin_token(manager), make_api_key(manager)
    update_administrator(administrator=manager, is_active=False, actor=TESTER, reach=EVERYTHING)

    assert ask(token) == INVALID
    assert ApiClient.with_key(key).get(LIST).status_code == 401
    update_administrator(administrator=manager, is_active=True, actor=TESTER, reach=EVERYTHING)
    assert ask(token) == INVALID, "A token from before must not come back to life."


def test_a_deactivated_or_deleted_member_is_refused_at_once(store: Store, member: Member) -> None:
    token = member_token(member)
    set_member_active(store, member=member, active=False, actor=TESTER)
    assert ask(token, OWN) == INVALID
    set_member_active(store, member=member, active=True, actor=TESTER)
    assert ask(token, OWN) == INVALID

    member.refresh_from_db()
    newer = member_token(member)
    assert ask(newer, OWN)[0] == 200
    delete_member(store, member=member, actor=TESTER)
    assert ask(newer, OWN) == INVALID


def test_a_revoked_or_expired_key_is_refused_at_once(manager: Administrator) -> None:
    client = ApiClient.with_key(make_api_key(manager))
    assert client.get(LIST).status_code == 200
    ApiKey.objects.update(expires_at=timezone.now())
    answer = client.get(LIST)
    assert (answer.status_code, answer.json()["message"]) == (401, "Expired JWT Token.")
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert client.get(LIST).status_code == 200

    revoke_api_key(api_key=ApiKey.objects.get(), actor=TESTER)

    answer = client.get(LIST)
    assert (answer.status_code, answer.json()) == INVALID


def test_a_role_that_loses_a_permission_or_a_store_loses_it_at_once(
    manager: Administrator, store: Store, other_store: Store
) -> None:
    role, token = Role.objects.get(administrators=manager), admin_token(manager)

    def change(permissions: list[tuple[str, str]], stores: list[str]) -> None:
        update_role(
            role_id=role.id, name="changed", permissions=permissions, store_codes=stores,
            is_default=False, actor=TESTER, reach=EVERYTHING,
        )  # fmt: skip

    body = {"badgeType": {"systemCode": "x", "translations": {"en": {"name": "X"}}}}
    change([("BADGE", "VIEW")], ["ALPHA"])
    assert ask(token)[0] == 200
    assert ApiClient.with_token(token).post(LIST, body).status_code == 403
    change([("BADGE", "MODIFY")], ["BETA"])
    assert ask(token) == FORBIDDEN
    assert ask(token, "/api/BETA/badge-type")[0] == 200
    change([("CUSTOMER", "MODIFY")], ["ALPHA"])
    assert ask(token) == FORBIDDEN
    update_administrator(administrator=manager, role_ids=[], actor=TESTER, reach=EVERYTHING)
    assert ask(token, "/api/ALPHA/member") == FORBIDDEN


def test_permissions_of_one_store_are_not_those_of_another(
    manager: Administrator, store: Store, other_store: Store
) -> None:
    """Two roles: everything in one store, a look into the other."""
    from tests.builders import make_role

    look = make_role(("BADGE", "VIEW"), stores=(other_store,))
    manager.roles.add(look)
    client = ApiClient.with_token(admin_token(manager))
    body = {"badgeType": {"systemCode": "x", "translations": {"en": {"name": "X"}}}}

    assert client.get("/api/BETA/badge-type").status_code == 200
    assert client.post("/api/BETA/badge-type", body).status_code == 403
    assert client.get("/api/BETA/member").status_code == 403
    assert client.post(LIST, body).status_code == 200


def test_a_closed_store_lets_no_member_in(store: Store, member: Member) -> None:
    update_store(store, active=False, actor=TESTER)

    assert ask(member_token(member), OWN) == FORBIDDEN


def test_store_codes_do_not_depend_on_case(manager: Administrator, member: Member) -> None:
    assert ask(admin_token(manager), "/api/alpha/badge-type")[0] == 200
    assert ask(member_token(member), OWN.replace("ALPHA", "aLpHa"))[0] == 200
