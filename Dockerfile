# The bot for a server: its locked packages, its code, nothing else. Needs no privilege, writes to /data and /tmp only:
#   docker run --read-only --tmpfs /tmp -v veobot:/data -e DISCORD_TOKEN -e ACEDATACLOUD_API_TOKEN veo-discord-bot

FROM python:3.13-slim AS packages
WORKDIR /build
COPY requirements.lock .
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --no-deps --only-binary=:all: --require-hashes --requirement requirements.lock

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Veo Discord bot" \
      org.opencontainers.image.description="A Discord bot through which a community makes videos with Google Veo" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VEOBOT_SERVER__HOST=0.0.0.0 \
    VEOBOT_SERVER__PORT=8080 \
    VEOBOT_STORAGE__PATH=/data/veobot.sqlite3
# The numbers are fixed: whoever mounts /data from the host has to give it to them.
RUN groupadd --gid 10001 veobot \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin veobot \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY LICENSE bot.py ./
COPY cogs cogs
COPY runtime runtime
COPY veo_core veo_core
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os; from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:' + os.environ['VEOBOT_SERVER__PORT'] + '/readyz', timeout=4)"]
ENTRYPOINT ["python", "bot.py"]
CMD ["run"]
