# PostgreSQL with the pggit extension's files: CREATE EXTENSION pggit in any database of it.
ARG BASE=docker.io/library/postgres:18-bookworm
FROM ${BASE} AS build
USER root
RUN command -v python3 >/dev/null || (apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*)
COPY pyproject.toml /src/
COPY tools/build.py tools/engine.py /src/tools/
COPY sql /src/sql
COPY migrations /src/migrations
RUN mkdir -p /src/python/pggit && python3 /src/tools/build.py

FROM ${BASE}
COPY --from=build /src/build/extension/ /tmp/pggit/
# The directory of this server's extensions, whatever image it is.
RUN dir="$(dirname "$(find /usr/share/postgresql /usr/local/share/postgresql -name plpgsql.control 2>/dev/null | sort -V | tail -n 1)")" \
    && cp /tmp/pggit/pggit* "$dir/" && rm -r /tmp/pggit
