import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.manager
from django.db import migrations, models

import loyalty.models.keys


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("loyalty", "0001_stores_access_events_and_jobs"),
    ]

    operations = [
        migrations.CreateModel(
            name="Member",
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
                ("email", models.EmailField(blank=True, max_length=255, null=True)),
                ("phone", models.CharField(blank=True, max_length=32, null=True)),
                ("loyalty_card_number", models.CharField(blank=True, max_length=255, null=True)),
                ("first_name", models.CharField(blank=True, max_length=255)),
                ("last_name", models.CharField(blank=True, max_length=255)),
                (
                    "gender",
                    models.CharField(
                        choices=[
                            ("male", "Male"),
                            ("female", "Female"),
                            ("not_disclosed", "Not disclosed"),
                        ],
                        default="not_disclosed",
                        max_length=16,
                    ),
                ),
                ("birth_date", models.DateField(blank=True, null=True)),
                ("address", models.JSONField(blank=True, default=dict)),
                ("company", models.JSONField(blank=True, default=dict)),
                (
                    "labels",
                    models.JSONField(blank=True, default=list, help_text="A list of {key, value}."),
                ),
                ("agreement1", models.BooleanField(default=False, verbose_name="terms agreement")),
                (
                    "agreement2",
                    models.BooleanField(default=False, verbose_name="marketing agreement"),
                ),
                ("agreement3", models.BooleanField(default=False, verbose_name="data agreement")),
                (
                    "locale",
                    models.CharField(
                        blank=True, help_text="Empty: the store's default language.", max_length=16
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("anonymized", models.BooleanField(default=False, editable=False)),
                ("password", models.CharField(blank=True, editable=False, max_length=128)),
                ("token_version", models.PositiveIntegerField(default=0, editable=False)),
                ("registered_at", models.DateTimeField()),
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
            name="ExternalIdentifier",
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
                    models.CharField(choices=[("walletAddress", "Wallet address")], max_length=32),
                ),
                ("value", models.CharField(max_length=255)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.store",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="external_identifiers",
                        to="members.member",
                    ),
                ),
            ],
            managers=[
                ("across_stores", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddIndex(
            model_name="member",
            index=models.Index(fields=["store", "created_at", "id"], name="member_by_creation"),
        ),
        migrations.AddIndex(
            model_name="member",
            index=models.Index(fields=["store", "last_name", "first_name"], name="member_by_name"),
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.UniqueConstraint(
                fields=("store", "id"), name="member_can_be_referred_to_with_its_store"
            ),
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.UniqueConstraint(
                models.F("store"),
                django.db.models.functions.text.Lower("email"),
                name="member_email_is_unique_in_its_store",
            ),
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.UniqueConstraint(
                fields=("store", "phone"), name="member_phone_is_unique_in_its_store"
            ),
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.UniqueConstraint(
                fields=("store", "loyalty_card_number"), name="member_card_is_unique_in_its_store"
            ),
        ),
        migrations.AddConstraint(
            model_name="externalidentifier",
            constraint=models.UniqueConstraint(
                fields=("store", "kind", "value"), name="external_identifier_is_unique_in_its_store"
            ),
        ),
        migrations.AddConstraint(
            model_name="externalidentifier",
            constraint=models.UniqueConstraint(
                fields=("store", "member", "kind"), name="member_has_one_identifier_of_each_kind"
            ),
        ),
    ]
