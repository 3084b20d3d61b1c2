"""Who may do what in which stores."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from loyalty.models.keys import new_id
from loyalty.models.stores import Store


class Resource(models.TextChoices):
    """What a permission is about: Open Loyalty's resource codes (notes, section 2)."""

    ACL = "ACL", "Roles"
    ADMIN = "ADMIN", "Administrators"
    AUDIT = "AUDIT", "Audit log"
    BADGE = "BADGE", "Badges"
    BULK_ACTIONS = "BULK_ACTIONS", "Bulk actions"
    CUSTOMER = "CUSTOMER", "Members"
    CUSTOM_EVENT = "CUSTOM_EVENT", "Custom events"
    EVENT = "EVENT", "Events"
    EXPORT = "EXPORT", "Exports"
    IMPORT = "IMPORT", "Imports"
    POINT_TRANSFER = "POINT_TRANSFER", "Points"
    SETTINGS = "SETTINGS", "Store settings"
    STORES = "STORES", "Stores"
    TRANSACTION = "TRANSACTION", "Transactions"
    WALLET = "WALLET", "Wallets"
    WEBHOOK_SUBSCRIPTION = "WEBHOOK_SUBSCRIPTION", "Webhooks"


class Access(models.TextChoices):
    """How far a permission goes.  Whoever may modify may also view."""

    VIEW = "VIEW", "View"
    MODIFY = "MODIFY", "Modify"


class Role(models.Model):
    """A named set of permissions, valid in the stores it lists.

    The master role holds every permission in every store, those made later included.  Its number
    is part of Open Loyalty's API, so roles are counted and not given a UUID.
    """

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=255)
    is_master = models.BooleanField("super admin", default=False)
    is_default = models.BooleanField("given to new administrators", default=False)
    stores = models.ManyToManyField(Store, related_name="roles", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="role_name_is_unique")]
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class RolePermission(models.Model):
    id = models.AutoField(primary_key=True)
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="permissions")
    resource = models.CharField(max_length=32, choices=Resource)
    access = models.CharField(max_length=8, choices=Access)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["role", "resource", "access"], name="role_lists_each_permission_once"
            )
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.resource}: {self.access}"


class Administrators(BaseUserManager["Administrator"]):
    """Django finds the person who logs in through this; names do not depend on case."""

    def get_by_natural_key(self, username: str | None) -> "Administrator":
        return self.get(username__iexact=username)


class Administrator(AbstractBaseUser):
    """A member of staff, or the account that an integration's API keys belong to.

    `token_version` is in each access token and is raised when the password changes or the
    account is deactivated, so that tokens given out before stop working at once.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(max_length=255)
    email = models.EmailField(max_length=255)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=64, blank=True)
    external = models.BooleanField(
        "integration only", default=False, help_text="Has API keys and no password."
    )
    notifications_enabled = models.BooleanField(default=False)
    is_active = models.BooleanField("active", default=True)
    token_version = models.PositiveIntegerField(default=0, editable=False)
    roles = models.ManyToManyField(Role, related_name="administrators", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    objects = Administrators()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="administrator_username_is_unique"),
            models.UniqueConstraint(Lower("email"), name="administrator_email_is_unique"),
        ]
        ordering = ["username"]

    @property
    def is_staff(self) -> bool:
        """Every person among the administrators may open the admin; what they see, roles say."""
        return self.is_active and not self.external

    # Django's own permissions are not used: the admin's base class asks our roles.
    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class ApiKey(models.Model):
    """A permanent token (`X-AUTH-TOKEN`) that stands for its owner, with the owner's roles.

    The key itself is shown once.  Kept are its public part, by which it is found and which lists
    may show, and the SHA-256 of the whole: the secret is 256 random bits, which no guessing
    shortens, so a slow hash would buy nothing and cost every request.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    administrator = models.ForeignKey(
        Administrator, on_delete=models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(max_length=255)
    public_part = models.CharField(max_length=32, unique=True, editable=False)
    hash = models.BinaryField(max_length=32, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.public_part}…)"
