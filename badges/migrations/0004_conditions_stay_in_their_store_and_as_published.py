"""What Django cannot say: references that include the store, and versions that stay as published."""

from django.db import migrations

REFERENCES = [
    ("badges_conditionversion", "badge_type_id", "badges_badgetype", "CASCADE"),
    ("badges_conditioninput", "badge_type_id", "badges_badgetype", "CASCADE"),
    ("badges_badgeentry", "version_id", "badges_conditionversion", "RESTRICT"),
]


def reference(table: str, column: str, target: str, on_delete: str) -> migrations.RunSQL:
    name = f"{table}_{column}_stays_in_its_store"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (store_id, {column}) "
        f"REFERENCES {target} (store_id, id) ON DELETE {on_delete}",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


AS_PUBLISHED = """
CREATE FUNCTION rosette_stays_as_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[] := '{state,ended_at,updated_at}';
BEGIN
    IF OLD.state <> 'draft' AND to_jsonb(OLD) - ends <> to_jsonb(NEW) - ends THEN
        RAISE EXCEPTION 'A published condition never changes.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER condition_version_stays_as_published BEFORE UPDATE ON badges_conditionversion
    FOR EACH ROW EXECUTE FUNCTION rosette_stays_as_published()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("badges", "0003_conditions_and_rules"),
        ("members", "0005_activity_is_append_only_and_stays_in_its_store"),
    ]
    operations = [
        *(reference(*each) for each in REFERENCES),
        migrations.RunSQL(
            AS_PUBLISHED,
            """
            DROP TRIGGER condition_version_stays_as_published ON badges_conditionversion;
            DROP FUNCTION rosette_stays_as_published()
            """,
        ),
    ]
