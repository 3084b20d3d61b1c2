"""What Django cannot say: references that include the store, and logs that only grow.

Everything a member did goes with the member.  Of a row of activity three things may be learned
later, of a line of points one; anything else is refused.
"""

from django.db import migrations

REFERENCES = [
    ("members_activity", "member_id", "members_member"),
    ("members_activity", "reverses_id", "members_activity"),
    ("members_pointsentry", "member_id", "members_member"),
    ("members_pointsentry", "undoes_id", "members_pointsentry"),
    ("members_listedmember", "member_id", "members_member"),
    ("members_listedmember", "list_id", "members_memberlist"),
    ("members_touchedmember", "member_id", "members_member"),
]


def reference(table: str, column: str, target: str) -> migrations.RunSQL:
    name = f"{table}_{column}_stays_in_its_store"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (store_id, {column}) "
        f"REFERENCES {target} (store_id, id) ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


# A deletion at the trigger's depth of 1 is somebody's own; a cascade is deeper.
ONLY_LEARNED = """
CREATE FUNCTION rosette_only_learned() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    learned text[] := TG_ARGV[0]::text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF pg_trigger_depth() > 1 THEN RETURN OLD; END IF;
    ELSIF to_jsonb(OLD) - learned = to_jsonb(NEW) - learned THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Rows of % are never changed or deleted.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""


def trigger(name: str, table: str, learned: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION rosette_only_learned('{learned}')",
        f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("members", "0004_activity_points_and_lists")]
    operations = [
        *(reference(*each) for each in REFERENCES),
        migrations.RunSQL(ONLY_LEARNED, "DROP FUNCTION rosette_only_learned()"),
        trigger(
            "activity_is_append_only",
            "members_activity",
            "{member_id,identifiers,reverses_id,returned,reversed_at}",
        ),
        trigger("points_entry_is_append_only", "members_pointsentry", "{cancelled_at}"),
    ]
