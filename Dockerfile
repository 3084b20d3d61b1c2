# One image for the web server, the worker and the migrations.

FROM python:3.13-slim AS build
COPY requirements.production.lock /
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r /requirements.production.lock

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home rosette
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=config.settings
WORKDIR /app
COPY --from=build /venv /venv
COPY manage.py ./
COPY config config
COPY loyalty loyalty
COPY members members
COPY badges badges
COPY docs/openapi docs/openapi
# Reading the settings needs these five, and collecting static files uses none of them.
RUN SECRET_KEY=unused JWT_PRIVATE_KEY=unused \
    SECRETS_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= DATABASE_URL=postgresql:// REDIS_URL=redis:// \
    python manage.py collectstatic --no-input --verbosity 0
USER rosette
EXPOSE 8000
# GRANIAN_WORKERS says how many processes: one a core.
CMD ["granian", "config.wsgi:application", "--interface", "wsgi", "--http", "1", "--no-ws", \
     "--host", "0.0.0.0", "--port", "8000", "--blocking-threads", "4", \
     "--respawn-failed-workers", "--respawn-interval", "1"]
