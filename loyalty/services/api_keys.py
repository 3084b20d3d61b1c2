"""API keys (`X-AUTH-TOKEN`): made, renamed, revoked, and marked as used."""

import secrets
import zlib
from datetime import datetime, timedelta

from django.db.models import Q

from loyalty.actors import Actor
from loyalty.errors import NotFound
from loyalty.models import Administrator, ApiKey, EventName
from loyalty.selectors.callers import KEY_PREFIX, KeyUse, hash_key
from loyalty.services.events import differences, record
from loyalty.transactions import writes

# How exact "last used" is.  Each request would otherwise cost a write.
_LAST_USED_STEP = timedelta(hours=1)


@writes
def create_api_key(
    *, administrator: Administrator, name: str, expires_at: datetime | None, actor: Actor
) -> tuple[ApiKey, str]:
    """Make a key; the second value is the key itself, which nobody can ever read again.

    It ends in a checksum, so that a scanner for leaked secrets can tell it from noise.
    """
    public = f"{KEY_PREFIX}_{secrets.token_hex(4)}"
    secret = secrets.token_hex(32)
    key = f"{public}_{secret}{zlib.crc32(secret.encode()):08x}"
    row = ApiKey.objects.create(
        administrator=administrator,
        name=name,
        expires_at=expires_at,
        public_part=public,
        hash=hash_key(key),
    )
    _record(row, EventName.API_KEY_CREATED, actor)
    return row, key


@writes
def update_api_key(
    *, api_key: ApiKey, name: str, expires_at: datetime | None, actor: Actor
) -> None:
    """Rename a key or move its end."""
    row = ApiKey.objects.select_for_update().filter(id=api_key.id).first()
    if row is None:
        raise NotFound
    before = _state(row)
    row.name, row.expires_at = name, expires_at
    row.save(update_fields=["name", "expires_at"])
    _record(row, EventName.API_KEY_UPDATED, actor, **differences(before, _state(row)))


@writes
def revoke_api_key(*, api_key: ApiKey, actor: Actor) -> None:
    """Delete a key: the next request that carries it is refused."""
    deleted, _ = ApiKey.objects.filter(id=api_key.id).delete()
    if not deleted:
        raise NotFound
    _record(api_key, EventName.API_KEY_REVOKED, actor)


def note_key_use(use: KeyUse, *, now: datetime) -> None:
    """Remember when the key was last used, to the hour.  Says nothing else, so it is no event."""
    if use.last_used_at is None or now - use.last_used_at > _LAST_USED_STEP:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _LAST_USED_STEP)
        ApiKey.objects.filter(stale, id=use.key_id).update(last_used_at=now)


def _state(row: ApiKey) -> dict[str, object]:
    return {"name": row.name, "expirationDate": row.expires_at}


def _record(row: ApiKey, name: EventName, actor: Actor, **changed: object) -> None:
    data = {"name": row.name, "administratorId": row.administrator_id, **changed}
    record(None, name, subject_kind="apiKey", subject_id=row.id, actor=actor, data=data)
