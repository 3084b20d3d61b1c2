"""What Django cannot say: references that include the store, and a ledger that only grows.

A member takes its ledger and its badges along when it is deleted; a badge type cannot be deleted
while the ledger knows it (it is marked as deleted instead).
"""

from django.db import migrations

REFERENCES = [
    ("badges_badgeentry", "member_id", "members_member", "CASCADE"),
    ("badges_badgeentry", "badge_type_id", "badges_badgetype", "RESTRICT"),
    ("badges_memberbadge", "member_id", "members_member", "CASCADE"),
    ("badges_memberbadge", "badge_type_id", "badges_badgetype", "RESTRICT"),
]


def reference(table: str, column: str, target: str, on_delete: str) -> migrations.RunSQL:
    name = f"{table}_{column}_stays_in_its_store"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (store_id, {column}) "
        f"REFERENCES {target} (store_id, id) ON DELETE {on_delete}",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("badges", "0001_badge_types_and_ledger"),
        ("members", "0001_members"),
        ("loyalty", "0002_events_are_append_only"),
    ]
    operations = [
        *(reference(*each) for each in REFERENCES),
        migrations.RunSQL(
            """
            CREATE TRIGGER badge_entry_is_append_only BEFORE UPDATE OR DELETE ON badges_badgeentry
                FOR EACH ROW EXECUTE FUNCTION rosette_refuse_change()
            """,
            "DROP TRIGGER badge_entry_is_append_only ON badges_badgeentry",
        ),
    ]
