# A new state that a job may be in.  Nothing changes in the database.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0005_worker_heartbeats")]
    operations = [
        migrations.AlterField(
            model_name="job",
            name="state",
            field=models.CharField(
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
    ]
