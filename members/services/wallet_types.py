"""The kinds of points that a store has."""

from typing import Any

from django.db import IntegrityError, transaction

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, NotFound, Violation, taken
from loyalty.models import EventName, Store
from loyalty.services.events import differences, record
from loyalty.services.stores import furnish_stores
from loyalty.transactions import writes
from members.models import DEFAULT_WALLET, WalletType

MOST_WALLETS = 50


@writes
def create_wallet_type(store: Store, *, code: str, actor: Actor, **details: Any) -> WalletType:
    """Add a kind of points.  Its code stays for ever: the ledger is written with it.

    Raises `Invalid` if the code is taken, or the store has `MOST_WALLETS` already.
    """
    if WalletType.for_store(store).count() >= MOST_WALLETS:
        message = f"A store has at most {MOST_WALLETS} wallets."
        raise Invalid(Violation(Code.NOT_ALLOWED, "", message))
    wallet_type = WalletType(store=store, code=code, **details)
    try:
        with transaction.atomic():
            wallet_type.save(force_insert=True)
    except IntegrityError:
        raise taken("code", "A wallet with this code already exists.") from None
    _record(store, EventName.WALLET_TYPE_CREATED, wallet_type, actor)
    return wallet_type


@writes
def update_wallet_type(
    store: Store, *, wallet_type: WalletType, actor: Actor, **changes: Any
) -> None:
    """Change the given fields.  The default wallet cannot be deactivated."""
    found = WalletType.for_store(store).select_for_update(no_key=True).filter(id=wallet_type.id)
    kept = found.first()
    if kept is None:
        raise NotFound
    if kept.code == DEFAULT_WALLET and changes.get("active") is False:
        message = "The default wallet is always active."
        raise Invalid(Violation(Code.NOT_ALLOWED, "active", message))
    changed = sorted(name for name, value in changes.items() if getattr(kept, name) != value)
    if not changed:
        return
    before = {name: getattr(kept, name) for name in changed}
    for name in changed:
        setattr(kept, name, changes[name])
    kept.save(update_fields=changed)
    _record(store, EventName.WALLET_TYPE_UPDATED, kept, actor, **differences(before, changes))


def register_default_wallet() -> None:
    furnish_stores(_add_default_wallet)


def _add_default_wallet(store: Store) -> None:
    WalletType(store=store, code=DEFAULT_WALLET, name="Points").save(force_insert=True)


def _record(
    store: Store, name: EventName, wallet_type: WalletType, actor: Actor, **data: object
) -> None:
    record(
        store, name, subject_kind="walletType", subject_id=wallet_type.id, actor=actor,
        data={"code": wallet_type.code, **data},
    )  # fmt: skip
