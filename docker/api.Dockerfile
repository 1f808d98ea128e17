# The API. DATABASE_URL names the database; pggit is installed or upgraded in it at start.
ARG BASE=docker.io/library/python:3.14-slim-bookworm
FROM ${BASE} AS build
WORKDIR /src
RUN python3 -m venv /opt/pggit
COPY requirements.lock ./
RUN /opt/pggit/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY tools ./tools
COPY sql ./sql
COPY migrations ./migrations
COPY python ./python
RUN python3 tools/build.py && /opt/pggit/bin/python tools/docs_ui.py \
    && /opt/pggit/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM ${BASE}
RUN useradd --system --create-home --home-dir /var/lib/pggit pggit
COPY --from=build /opt/pggit /opt/pggit
ENV PATH=/opt/pggit/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000
USER pggit
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s \
    CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=5)"]
CMD ["pggit", "up"]
