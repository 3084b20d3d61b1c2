"""An identifier refers to a member of the same store, and goes with it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0002_sessions_end_with_their_member")]
    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE members_externalidentifier
                ADD CONSTRAINT external_identifier_stays_in_its_store
                FOREIGN KEY (store_id, member_id) REFERENCES members_member (store_id, id)
                ON DELETE CASCADE
            """,
            """
            ALTER TABLE members_externalidentifier
                DROP CONSTRAINT external_identifier_stays_in_its_store
            """,
        )
    ]
