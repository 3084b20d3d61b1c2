"""A refresh token of a member refers to a member of the same store, and goes with it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0001_members"),
        ("loyalty", "0001_stores_access_events_and_jobs"),
    ]
    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE loyalty_refreshtoken
                ADD CONSTRAINT refresh_token_belongs_to_a_member_of_its_store
                FOREIGN KEY (store_id, member_id) REFERENCES members_member (store_id, id)
                ON DELETE CASCADE
            """,
            """
            ALTER TABLE loyalty_refreshtoken
                DROP CONSTRAINT refresh_token_belongs_to_a_member_of_its_store
            """,
        )
    ]
