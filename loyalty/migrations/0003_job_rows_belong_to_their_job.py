"""References that include the store: a line and its job, a job and the one it undoes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0002_events_are_append_only")]
    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE loyalty_jobrow ADD CONSTRAINT job_row_stays_in_its_store
                FOREIGN KEY (store_id, job_id) REFERENCES loyalty_job (store_id, id)
                ON DELETE CASCADE;
            ALTER TABLE loyalty_job ADD CONSTRAINT job_undoes_one_of_its_store
                FOREIGN KEY (store_id, undoes_id) REFERENCES loyalty_job (store_id, id)
                ON DELETE RESTRICT;
            """,
            """
            ALTER TABLE loyalty_job DROP CONSTRAINT job_undoes_one_of_its_store;
            ALTER TABLE loyalty_jobrow DROP CONSTRAINT job_row_stays_in_its_store;
            """,
        )
    ]
