"""What can be earned."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from loyalty.models import StoreOwnedModel

SYSTEM_CODE = RegexValidator(
    r"^[a-zA-Z0-9_-]+\Z", "Only letters, digits, hyphens and underscores are allowed."
)
COLOR = RegexValidator(r"^#[0-9A-F]{6}\Z", "Write the colour like #C81B53.")


class Validity(models.TextChoices):
    """How long a badge that was earned is good for."""

    UNLIMITED = "unlimited", "For ever"
    FIXED = "fixed", "Until a date"
    RELATIVE = "relative", "For some days after it was earned last"


class BadgeType(StoreOwnedModel):
    """A badge that members of the store can earn.

    `translations` is `{locale: {"name": ..., "description": ...}}` and always has a name in the
    store's default locale.  `system_code` is fixed at creation.  A deleted type is kept, because
    the ledger refers to it; its codes may be used again.
    """

    system_code = models.CharField(max_length=255, validators=[SYSTEM_CODE])
    slug = models.SlugField(max_length=255, editable=False, db_index=False)
    translations = models.JSONField()
    active = models.BooleanField(default=True)
    background_color = models.CharField(max_length=7, default="#FFFFFF", validators=[COLOR])
    text_color = models.CharField(max_length=7, default="#000000", validators=[COLOR])
    icon = models.CharField(
        max_length=2048, blank=True, help_text="An https address, or the path of an uploaded icon."
    )
    permissions_enabled = models.BooleanField(
        default=False, help_text="Holding the badge opens members-only areas."
    )
    validity = models.CharField(
        max_length=16, choices=Validity, default=Validity.UNLIMITED, db_default=Validity.UNLIMITED
    )
    valid_until = models.DateTimeField(null=True, blank=True)
    valid_days = models.PositiveIntegerField(null=True, blank=True)
    display_rank = models.PositiveIntegerField(default=0, help_text="Lower comes first.")
    revision = models.PositiveIntegerField(default=1, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "id"], name="badge_type_can_be_referred_to_with_its_store"
            ),
            models.UniqueConstraint(
                fields=["store", "system_code"],
                condition=Q(deleted_at=None),
                name="badge_type_system_code_is_unique_in_its_store",
            ),
            models.UniqueConstraint(
                fields=["store", "slug"],
                condition=Q(deleted_at=None),
                name="badge_type_slug_is_unique_in_its_store",
            ),
            models.CheckConstraint(
                condition=Q(validity=Validity.UNLIMITED)
                | Q(validity=Validity.FIXED, valid_until__isnull=False)
                | Q(validity=Validity.RELATIVE, valid_days__gte=1),
                name="badge_type_validity_says_how_long",
            ),
        ]
        indexes = [
            models.Index(
                fields=["store", "display_rank", "id"],
                condition=Q(deleted_at=None),
                name="badge_type_by_rank",
            )
        ]

    def __str__(self) -> str:
        return self.system_code

    def name_in(self, locale: str, default_locale: str) -> str:
        """The name in that language, else in the store's own."""
        texts = self.translations.get(locale) or self.translations.get(default_locale) or {}
        return str(texts.get("name", self.system_code))


class BadgeIcon(StoreOwnedModel):
    """An uploaded icon: an SVG that has been through a sanitiser.  Never changed, only replaced."""

    svg = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"/icon/{self.id}.svg"
