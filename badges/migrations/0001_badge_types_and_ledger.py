import django.core.validators
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

import loyalty.models.keys


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("loyalty", "0001_stores_access_events_and_jobs"),
        ("members", "0001_members"),
    ]

    operations = [
        migrations.CreateModel(
            name="BadgeIcon",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=loyalty.models.keys.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("svg", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.store",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
            managers=[
                ("across_stores", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="BadgeType",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=loyalty.models.keys.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "system_code",
                    models.CharField(
                        max_length=255,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-zA-Z0-9_-]+\\Z",
                                "Only letters, digits, hyphens and underscores are allowed.",
                            )
                        ],
                    ),
                ),
                ("slug", models.SlugField(db_index=False, editable=False, max_length=255)),
                ("translations", models.JSONField()),
                ("active", models.BooleanField(default=True)),
                (
                    "background_color",
                    models.CharField(
                        default="#FFFFFF",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^#[0-9A-F]{6}\\Z", "Write the colour like #C81B53."
                            )
                        ],
                    ),
                ),
                (
                    "text_color",
                    models.CharField(
                        default="#000000",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^#[0-9A-F]{6}\\Z", "Write the colour like #C81B53."
                            )
                        ],
                    ),
                ),
                (
                    "icon",
                    models.CharField(
                        blank=True,
                        help_text="An https address, or the path of an uploaded icon.",
                        max_length=2048,
                    ),
                ),
                (
                    "permissions_enabled",
                    models.BooleanField(
                        default=False, help_text="Holding the badge opens members-only areas."
                    ),
                ),
                (
                    "display_rank",
                    models.PositiveIntegerField(default=0, help_text="Lower comes first."),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.store",
                    ),
                ),
            ],
            managers=[
                ("across_stores", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="BadgeEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=loyalty.models.keys.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("grant", "Granted"),
                            ("revocation", "Revoked"),
                            ("correction", "Count corrected"),
                            ("expiry", "Expired"),
                            ("reinstatement", "Reinstated"),
                        ],
                        max_length=16,
                    ),
                ),
                ("delta", models.IntegerField()),
                ("occurrence_key", models.CharField(db_collation="C", max_length=255)),
                ("reason", models.CharField(blank=True, max_length=1024)),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("admin", "Administrator"),
                            ("api_key", "API key"),
                            ("member", "Member"),
                            ("system", "The server itself"),
                        ],
                        max_length=16,
                    ),
                ),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_label", models.CharField(max_length=255)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("api", "API"),
                            ("admin", "Admin"),
                            ("job", "Job"),
                            ("rule", "Rule"),
                            ("import", "Import"),
                            ("command", "Command line"),
                        ],
                        max_length=16,
                    ),
                ),
                ("source_id", models.CharField(blank=True, max_length=255)),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="members.member",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.store",
                    ),
                ),
                (
                    "badge_type",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="badges.badgetype",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "badge entries",
            },
            managers=[
                ("across_stores", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="MemberBadge",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=loyalty.models.keys.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("completed_count", models.PositiveIntegerField()),
                ("first_earned_at", models.DateTimeField()),
                ("last_earned_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "badge_type",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="holdings",
                        to="badges.badgetype",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="badges",
                        to="members.member",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.store",
                    ),
                ),
            ],
            managers=[
                ("across_stores", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddIndex(
            model_name="badgetype",
            index=models.Index(
                condition=models.Q(("deleted_at", None)),
                fields=["store", "display_rank", "id"],
                name="badge_type_by_rank",
            ),
        ),
        migrations.AddConstraint(
            model_name="badgetype",
            constraint=models.UniqueConstraint(
                fields=("store", "id"), name="badge_type_can_be_referred_to_with_its_store"
            ),
        ),
        migrations.AddConstraint(
            model_name="badgetype",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None)),
                fields=("store", "system_code"),
                name="badge_type_system_code_is_unique_in_its_store",
            ),
        ),
        migrations.AddConstraint(
            model_name="badgetype",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None)),
                fields=("store", "slug"),
                name="badge_type_slug_is_unique_in_its_store",
            ),
        ),
        migrations.AddIndex(
            model_name="badgeentry",
            index=models.Index(
                fields=["store", "member", "badge_type", "recorded_at"],
                name="badge_entry_of_a_member",
            ),
        ),
        migrations.AddIndex(
            model_name="badgeentry",
            index=models.Index(
                fields=["store", "badge_type", "recorded_at"], name="badge_entry_of_a_type"
            ),
        ),
        migrations.AddIndex(
            model_name="badgeentry",
            index=models.Index(fields=["store", "recorded_at"], name="badge_entry_by_time"),
        ),
        migrations.AddConstraint(
            model_name="badgeentry",
            constraint=models.UniqueConstraint(
                fields=("store", "occurrence_key"), name="badge_entry_occurs_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="badgeentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("delta", 0), _negated=True),
                name="badge_entry_changes_something",
            ),
        ),
        migrations.AddIndex(
            model_name="memberbadge",
            index=models.Index(
                fields=["store", "badge_type", "first_earned_at"], name="badge_holders"
            ),
        ),
        migrations.AddConstraint(
            model_name="memberbadge",
            constraint=models.UniqueConstraint(
                fields=("store", "member", "badge_type"), name="member_holds_each_badge_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="memberbadge",
            constraint=models.CheckConstraint(
                condition=models.Q(("completed_count__gte", 1)),
                name="member_badge_is_held_at_least_once",
            ),
        ),
    ]
