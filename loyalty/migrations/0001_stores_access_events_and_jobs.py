import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

import loyalty.models.events
import loyalty.models.keys
import loyalty.models.stores


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Administrator",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=loyalty.models.keys.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("username", models.CharField(max_length=255)),
                ("email", models.EmailField(max_length=255)),
                ("first_name", models.CharField(blank=True, max_length=255)),
                ("last_name", models.CharField(blank=True, max_length=255)),
                ("phone", models.CharField(blank=True, max_length=64)),
                (
                    "external",
                    models.BooleanField(
                        default=False,
                        help_text="Has API keys and no password.",
                        verbose_name="integration only",
                    ),
                ),
                ("notifications_enabled", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("token_version", models.PositiveIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["username"],
            },
        ),
        migrations.CreateModel(
            name="LoginFailures",
            fields=[
                ("bucket", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("failures", models.PositiveIntegerField()),
                ("window_ends_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "login failures",
            },
        ),
        migrations.CreateModel(
            name="Role",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255)),
                ("is_master", models.BooleanField(default=False, verbose_name="super admin")),
                (
                    "is_default",
                    models.BooleanField(default=False, verbose_name="given to new administrators"),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="WorkerHeartbeat",
            fields=[
                (
                    "worker",
                    models.CharField(
                        help_text="Its node name, such as celery@host.",
                        max_length=255,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("heard_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ApiKey",
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
                ("name", models.CharField(max_length=255)),
                ("public_part", models.CharField(editable=False, max_length=32, unique=True)),
                ("hash", models.BinaryField(max_length=32)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "administrator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_keys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "API key",
                "ordering": ["-created_at"],
            },
        ),
        migrations.AddField(
            model_name="administrator",
            name="roles",
            field=models.ManyToManyField(
                blank=True, related_name="administrators", to="loyalty.role"
            ),
        ),
        migrations.CreateModel(
            name="RolePermission",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "resource",
                    models.CharField(
                        choices=[
                            ("ACL", "Roles"),
                            ("ADMIN", "Administrators"),
                            ("AUDIT", "Audit log"),
                            ("BADGE", "Badges"),
                            ("BULK_ACTIONS", "Bulk actions"),
                            ("CUSTOMER", "Members"),
                            ("CUSTOM_EVENT", "Custom events"),
                            ("EVENT", "Events"),
                            ("EXPORT", "Exports"),
                            ("IMPORT", "Imports"),
                            ("POINT_TRANSFER", "Points"),
                            ("SETTINGS", "Store settings"),
                            ("STORES", "Stores"),
                            ("TRANSACTION", "Transactions"),
                            ("WALLET", "Wallets"),
                            ("WEBHOOK_SUBSCRIPTION", "Webhooks"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "access",
                    models.CharField(
                        choices=[("VIEW", "View"), ("MODIFY", "Modify")], max_length=8
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="permissions",
                        to="loyalty.role",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Store",
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
                ("code", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=255)),
                (
                    "currency",
                    models.CharField(help_text="ISO 4217, for example EUR.", max_length=3),
                ),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        help_text="Times without an offset are read in this zone.",
                        max_length=64,
                    ),
                ),
                (
                    "locales",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=16),
                        default=loyalty.models.stores.english_only,
                        help_text="Languages in which the store writes its texts.",
                        size=None,
                    ),
                ),
                ("default_locale", models.CharField(default="en", max_length=16)),
                ("active", models.BooleanField(default=True)),
                (
                    "identification_method",
                    models.CharField(
                        choices=[
                            ("email", "E-mail address"),
                            ("phone", "Phone number"),
                            ("loyaltyCardNumber", "Loyalty card number"),
                        ],
                        default="email",
                        max_length=32,
                    ),
                ),
                ("created_by", models.CharField(blank=True, max_length=255)),
                ("updated_by", models.CharField(blank=True, max_length=255)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["code"],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("code"),
                        name="store_code_is_unique_whatever_its_case",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="role",
            name="stores",
            field=models.ManyToManyField(blank=True, related_name="roles", to="loyalty.store"),
        ),
        migrations.CreateModel(
            name="RefreshToken",
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
                ("hash", models.BinaryField(max_length=32, unique=True)),
                ("family", models.UUIDField()),
                ("member_id", models.UUIDField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "administrator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="loyalty.store",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Job",
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
                ("kind", models.CharField(max_length=32)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("parameters", models.JSONField(default=dict)),
                ("total", models.PositiveIntegerField(default=0)),
                ("cursor", models.PositiveIntegerField(default=0)),
                ("processed", models.PositiveIntegerField(default=0)),
                ("changed", models.PositiveIntegerField(default=0)),
                ("unchanged", models.PositiveIntegerField(default=0)),
                ("rejected", models.PositiveIntegerField(default=0)),
                ("chunk_size", models.PositiveIntegerField()),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, help_text="In a row, at this chunk."),
                ),
                ("last_error", models.CharField(blank=True, max_length=1024)),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("admin", "admin"),
                            ("api_key", "api_key"),
                            ("member", "member"),
                            ("system", "system"),
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
                            ("api", "api"),
                            ("admin", "admin"),
                            ("job", "job"),
                            ("rule", "rule"),
                            ("import", "import"),
                            ("command", "command"),
                        ],
                        max_length=16,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("worked_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "undoes",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="undone_by",
                        to="loyalty.job",
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
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("principal", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.BinaryField(max_length=32)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("body", models.BinaryField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "store",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="loyalty.store",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("sequence", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "id",
                    models.UUIDField(
                        default=loyalty.models.keys.new_id, editable=False, unique=True
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        choices=[
                            (
                                loyalty.models.events.EventName["ADMINISTRATOR_CREATED"],
                                loyalty.models.events.EventName["ADMINISTRATOR_CREATED"],
                            ),
                            (
                                loyalty.models.events.EventName["ADMINISTRATOR_UPDATED"],
                                loyalty.models.events.EventName["ADMINISTRATOR_UPDATED"],
                            ),
                            (
                                loyalty.models.events.EventName["ADMINISTRATOR_PASSWORD_CHANGED"],
                                loyalty.models.events.EventName["ADMINISTRATOR_PASSWORD_CHANGED"],
                            ),
                            (
                                loyalty.models.events.EventName["API_KEY_CREATED"],
                                loyalty.models.events.EventName["API_KEY_CREATED"],
                            ),
                            (
                                loyalty.models.events.EventName["API_KEY_UPDATED"],
                                loyalty.models.events.EventName["API_KEY_UPDATED"],
                            ),
                            (
                                loyalty.models.events.EventName["API_KEY_REVOKED"],
                                loyalty.models.events.EventName["API_KEY_REVOKED"],
                            ),
                            (
                                loyalty.models.events.EventName["REFRESH_TOKEN_REPLAYED"],
                                loyalty.models.events.EventName["REFRESH_TOKEN_REPLAYED"],
                            ),
                            (
                                loyalty.models.events.EventName["ROLE_CREATED"],
                                loyalty.models.events.EventName["ROLE_CREATED"],
                            ),
                            (
                                loyalty.models.events.EventName["ROLE_UPDATED"],
                                loyalty.models.events.EventName["ROLE_UPDATED"],
                            ),
                            (
                                loyalty.models.events.EventName["ROLE_DELETED"],
                                loyalty.models.events.EventName["ROLE_DELETED"],
                            ),
                            (
                                loyalty.models.events.EventName["SESSIONS_REVOKED"],
                                loyalty.models.events.EventName["SESSIONS_REVOKED"],
                            ),
                            (
                                loyalty.models.events.EventName["STORE_CREATED"],
                                loyalty.models.events.EventName["STORE_CREATED"],
                            ),
                            (
                                loyalty.models.events.EventName["STORE_UPDATED"],
                                loyalty.models.events.EventName["STORE_UPDATED"],
                            ),
                            (
                                loyalty.models.events.EventName["JOB_CREATED"],
                                loyalty.models.events.EventName["JOB_CREATED"],
                            ),
                            (
                                loyalty.models.events.EventName["JOB_PAUSED"],
                                loyalty.models.events.EventName["JOB_PAUSED"],
                            ),
                            (
                                loyalty.models.events.EventName["JOB_RESUMED"],
                                loyalty.models.events.EventName["JOB_RESUMED"],
                            ),
                            (
                                loyalty.models.events.EventName["JOB_CANCELLED"],
                                loyalty.models.events.EventName["JOB_CANCELLED"],
                            ),
                            (
                                loyalty.models.events.EventName["JOB_FINISHED"],
                                loyalty.models.events.EventName["JOB_FINISHED"],
                            ),
                            (
                                loyalty.models.events.EventName["JOB_FAILED"],
                                loyalty.models.events.EventName["JOB_FAILED"],
                            ),
                            (
                                loyalty.models.events.EventName["MEMBER_REGISTERED"],
                                loyalty.models.events.EventName["MEMBER_REGISTERED"],
                            ),
                            (
                                loyalty.models.events.EventName["MEMBER_UPDATED"],
                                loyalty.models.events.EventName["MEMBER_UPDATED"],
                            ),
                            (
                                loyalty.models.events.EventName["MEMBER_ACTIVATED"],
                                loyalty.models.events.EventName["MEMBER_ACTIVATED"],
                            ),
                            (
                                loyalty.models.events.EventName["MEMBER_DEACTIVATED"],
                                loyalty.models.events.EventName["MEMBER_DEACTIVATED"],
                            ),
                            (
                                loyalty.models.events.EventName["MEMBER_ANONYMIZED"],
                                loyalty.models.events.EventName["MEMBER_ANONYMIZED"],
                            ),
                            (
                                loyalty.models.events.EventName["MEMBER_DELETED"],
                                loyalty.models.events.EventName["MEMBER_DELETED"],
                            ),
                            (
                                loyalty.models.events.EventName["MEMBER_LABELS_CHANGED"],
                                loyalty.models.events.EventName["MEMBER_LABELS_CHANGED"],
                            ),
                            (
                                loyalty.models.events.EventName["MEMBER_IDENTIFIERS_CHANGED"],
                                loyalty.models.events.EventName["MEMBER_IDENTIFIERS_CHANGED"],
                            ),
                            (
                                loyalty.models.events.EventName["MEMBER_PASSWORD_CHANGED"],
                                loyalty.models.events.EventName["MEMBER_PASSWORD_CHANGED"],
                            ),
                            (
                                loyalty.models.events.EventName["BADGE_TYPE_CREATED"],
                                loyalty.models.events.EventName["BADGE_TYPE_CREATED"],
                            ),
                            (
                                loyalty.models.events.EventName["BADGE_TYPE_UPDATED"],
                                loyalty.models.events.EventName["BADGE_TYPE_UPDATED"],
                            ),
                            (
                                loyalty.models.events.EventName["BADGE_TYPE_ACTIVATED"],
                                loyalty.models.events.EventName["BADGE_TYPE_ACTIVATED"],
                            ),
                            (
                                loyalty.models.events.EventName["BADGE_TYPE_DEACTIVATED"],
                                loyalty.models.events.EventName["BADGE_TYPE_DEACTIVATED"],
                            ),
                            (
                                loyalty.models.events.EventName["BADGE_TYPE_DELETED"],
                                loyalty.models.events.EventName["BADGE_TYPE_DELETED"],
                            ),
                            (
                                loyalty.models.events.EventName["BADGE_COMPLETED"],
                                loyalty.models.events.EventName["BADGE_COMPLETED"],
                            ),
                            (
                                loyalty.models.events.EventName["BADGE_COUNT_CHANGED"],
                                loyalty.models.events.EventName["BADGE_COUNT_CHANGED"],
                            ),
                        ],
                        max_length=64,
                    ),
                ),
                ("subject_kind", models.CharField(max_length=32)),
                ("subject_id", models.CharField(max_length=64)),
                (
                    "member_id",
                    models.UUIDField(
                        help_text="The member whose history this is part of.", null=True
                    ),
                ),
                ("data", models.JSONField(default=dict)),
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
                ("address", models.GenericIPAddressField(null=True)),
                ("recorded_at", models.DateTimeField(auto_now_add=True)),
                (
                    "store",
                    models.ForeignKey(
                        null=True,
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
            name="JobRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "job_id",
                        "line",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("store_id", models.UUIDField()),
                ("line", models.PositiveIntegerField()),
                ("identifier_key", models.CharField(blank=True, max_length=32)),
                ("identifier", models.CharField(blank=True, max_length=255)),
                ("data", models.JSONField(null=True)),
                ("raw", models.TextField(blank=True)),
                ("problem", models.CharField(blank=True, max_length=255)),
                (
                    "member_id",
                    models.UUIDField(help_text="The member that an import made.", null=True),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="loyalty.job",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("problem", ""), _negated=True),
                        fields=["job", "line"],
                        name="job_row_with_a_problem",
                    ),
                    models.Index(
                        models.F("store_id"),
                        django.db.models.functions.text.Lower("identifier"),
                        condition=models.Q(("identifier_key__in", ["", "id"]), _negated=True),
                        name="job_row_that_names_a_person",
                    ),
                ],
            },
            managers=[
                ("across_stores", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddConstraint(
            model_name="administrator",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("username"),
                name="administrator_username_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="administrator",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"), name="administrator_email_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="rolepermission",
            constraint=models.UniqueConstraint(
                fields=("role", "resource", "access"), name="role_lists_each_permission_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("name"), name="role_name_is_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="refreshtoken",
            index=models.Index(fields=["family"], name="refresh_token_family"),
        ),
        migrations.AddIndex(
            model_name="refreshtoken",
            index=models.Index(fields=["store", "member_id"], name="refresh_token_member"),
        ),
        migrations.AddConstraint(
            model_name="refreshtoken",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("administrator__isnull", False),
                        ("member_id__isnull", True),
                        ("store__isnull", True),
                    ),
                    models.Q(
                        ("administrator__isnull", True),
                        ("member_id__isnull", False),
                        ("store__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="refresh_token_has_exactly_one_owner",
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=["state", "worked_at"],
                name="job_to_work_on",
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["store", "-created_at"], name="job_of_a_store"),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                fields=("store", "id"), name="job_can_be_referred_to_with_its_store"
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "cancelled"), _negated=True),
                fields=("store", "undoes"),
                name="job_is_undone_once",
            ),
        ),
        migrations.AddIndex(
            model_name="idempotencykey",
            index=models.Index(fields=["created_at"], name="idempotency_key_age"),
        ),
        migrations.AddConstraint(
            model_name="idempotencykey",
            constraint=models.UniqueConstraint(
                fields=("store", "principal", "key"),
                name="idempotency_key_is_unique_per_caller",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["store", "member_id", "-sequence"], name="event_of_a_member"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["store", "-sequence"], name="event_of_a_store"),
        ),
    ]
