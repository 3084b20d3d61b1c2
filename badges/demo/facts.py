"""What a script, and a person at the terminal, need to know to use the demo."""

import json
from pathlib import Path
from typing import Any

from badges.demo.loading import MEMBER_PASSWORD, STAFF_PASSWORD, SUPER_ADMIN, demo_member
from loyalty.actors import Actor
from loyalty.errors import Unauthenticated
from loyalty.models import Administrator, ApiKey, Store
from loyalty.selectors.callers import administrator_by_key
from loyalty.services.api_keys import create_api_key, revoke_api_key
from loyalty.tokens import AdminAccessToken, MemberAccessToken

_KEY_NAME = "Demo"


def gather(url: str, *, file: Path, actor: Actor) -> dict[str, Any]:
    """The facts, with the API key of the file if it still works, and else a new one."""
    store = Store.objects.get(code="DEFAULT")
    member = demo_member(store)
    return {
        "url": url,
        "stores": [
            {"code": each.code, "storeId": str(each.id)}
            for each in Store.objects.order_by("created_at")
        ],
        "apiKey": _working_key(file) or _new_key(actor),
        "admin": {"username": SUPER_ADMIN, "password": STAFF_PASSWORD},
        "member": {
            "storeCode": store.code,
            "memberId": str(member.id),
            "username": member.email,
            "password": MEMBER_PASSWORD,
        },
        "adminSite": f"{url}/admin/",
        "docs": f"{url}/docs",
    }


def tokens() -> dict[str, str]:
    """Fresh access tokens of the super admin and of the demo member."""
    staff = Administrator.objects.get(username=SUPER_ADMIN)
    member = demo_member(Store.objects.get(code="DEFAULT"))
    return {
        "admin": str(AdminAccessToken.issue(staff.id, staff.token_version)),
        "member": str(MemberAccessToken.issue(member.store_id, member.id, member.token_version)),
    }


def welcome(facts: dict[str, Any]) -> str:
    url, key, member = facts["url"], facts["apiKey"], facts["member"]
    fresh = tokens()
    api = f"{url}/api/{member['storeCode']}"
    badge = '{"badgeType":{"systemCode":"hello","translations":{"en":{"name":"Hello, Rosette"}}}}'
    headers = f"-H 'X-AUTH-TOKEN: {key}' -H 'Content-Type: application/json'"
    held = f"{api}/member/email={member['username']}/badge"
    return f"""
Rosette is up.

  Admin      {facts["adminSite"]}   {facts["admin"]["username"]} / {facts["admin"]["password"]}
             or kawa.manager, northtrail.manager, designer, support with the same password
  API        {url}/api/   to read and to try: {facts["docs"]}
  API key    {key}
  Member     {member["username"]} / {member["password"]}   in store {member["storeCode"]}

  Tokens (for Authorization: Bearer, good for a day)
  super admin  {fresh["admin"]}
  member       {fresh["member"]}

Define a badge, give it to a member, see that it is there:

curl -s {headers} -d '{badge}' {api}/badge-type; echo
curl -s {headers} -d '{{"systemCode":"hello"}}' {held}; echo
curl -s {headers} '{held}?badgeType:systemCode=hello'; echo

Ctrl-C stops everything.
"""


def write(facts: dict[str, Any], file: Path) -> None:
    """Keep the facts for scripts, readable by their owner alone: there is a key in them."""
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    draft.replace(file)


def _working_key(file: Path) -> str | None:
    try:
        key = str(json.loads(file.read_text(encoding="utf-8"))["apiKey"])
        administrator_by_key(key, None, None)
    except (OSError, ValueError, KeyError, Unauthenticated):
        return None
    return key


def _new_key(actor: Actor) -> str:
    owner = Administrator.objects.get(username=SUPER_ADMIN)
    for lost in ApiKey.objects.filter(administrator=owner, name=_KEY_NAME):
        revoke_api_key(api_key=lost, actor=actor)
    _, key = create_api_key(administrator=owner, name=_KEY_NAME, expires_at=None, actor=actor)
    return key
