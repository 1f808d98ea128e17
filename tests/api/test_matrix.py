"""Rights, by real calls: every route for nobody and for each role, every function of pggit for each role."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from api.service import SCHEMA, bearer, guarded_settings, serve, token
from servers import PgServer

ROLES = ["reader", "writer", "admin"]
# What is not: GET for readers, the rest for writers.
LEAST = {
    "GET /api/v1/api-keys": "admin",
    "POST /api/v1/api-keys": "admin",
    "DELETE /api/v1/api-keys/{key_id}": "admin",
    "GET /api/v1/audit": "admin",
    "PUT /api/v1/branches/{branch_id}/protection": "admin",
    "DELETE /api/v1/branches/{branch_id}/protection": "admin",
    "POST /api/v1/session": "reader",
    "DELETE /api/v1/session": "reader",
    # It reads ahead, by itself and for itself.
    "POST /api/v1/cache/warm": "reader",
}


@pytest.fixture(scope="module")
def url(newest_pg: PgServer) -> Iterator[str]:
    with newest_pg.database(newest_pg.template()) as made:
        with psycopg.connect(made, autocommit=True) as conn:
            conn.execute(SCHEMA)
            conn.execute("SELECT pggit.init('app')")
        yield made


@pytest.fixture(scope="module")
def guarded(url: str) -> Iterator[httpx.Client]:
    with serve(guarded_settings(url)) as client:
        yield client


def example(schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    """The least that a schema takes, about things that do not exist."""
    if "$ref" in schema:
        return example(parts[schema["$ref"].rpartition("/")[2]], parts)
    if "enum" in schema:
        return schema["enum"][0]
    for one in schema.get("oneOf", []) + schema.get("anyOf", []):
        return example(one, parts)
    kind = schema.get("type")
    if kind == "object":
        needed = schema.get("required", [])
        return {name: example(schema["properties"][name], parts) for name in needed}
    return {
        "integer": 9999,
        "number": 1,
        "boolean": False,
        "array": [],
        "string": "https://x.example",
    }[kind]


def requests(client: httpx.Client) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every route of the API as (route, path, options), well-formed and about main or what does not exist."""
    document = client.get("/openapi.json").json()
    parts = document["components"]["schemas"]
    for path, item in document["paths"].items():
        if not path.startswith("/api/"):
            continue
        for method, operation in item.items():
            real, options = path, dict[str, Any]()
            for parameter in operation.get("parameters", []):
                value = "9999" if parameter["schema"].get("type") == "integer" else "main"
                if parameter["name"] == "branch_id":
                    value = "1"  # some routes look first whether it exists
                if parameter["in"] == "path":
                    real = real.replace("{" + parameter["name"] + "}", value)
                elif parameter["in"] == "query" and parameter.get("required"):
                    options.setdefault("params", {})[parameter["name"]] = value
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None:
                options["json"] = example(body["schema"], parts)
            yield f"{method.upper()} {path}", real, options


def ask(client: httpx.Client, method: str, path: str, options: dict[str, Any], role: str) -> int:
    headers = {} if role == "none" else bearer(token(role))
    with client.stream(method, path, headers=headers, **options) as answer:
        return answer.status_code


def test_every_route_is_each_role_s_as_it_should_be(guarded: httpx.Client) -> None:
    wrong = []
    asked = 0
    for route, path, options in requests(guarded):
        method = route.partition(" ")[0]
        least = LEAST.get(route, "reader" if method == "GET" else "writer")
        for role in ["none", *ROLES]:
            status = ask(guarded, method, path, options, role)
            guarded.cookies.clear()
            if role == "none":
                is_right = status == 401
            elif ROLES.index(role) < ROLES.index(least):
                is_right = status == 403
            else:
                is_right = status not in (401, 403) and status < 500
            if not is_right:
                wrong.append((route, role, status))
            asked += 1
    assert wrong == [], wrong
    assert asked > 200
    assert set(LEAST) <= {route for route, _, _ in requests(guarded)}


def test_every_function_is_each_role_s_as_it_is_listed(url: str) -> None:
    with psycopg.connect(url) as conn:
        known = conn.execute(
            """
            SELECT p.proname::text, p.prokind = 'p', c.role::text,
                ARRAY(SELECT CASE WHEN p.provariadic <> 0 AND n = p.pronargs THEN 'VARIADIC ' ELSE '' END
                    || 'NULL::' || format_type(p.proargtypes[n - 1], NULL) FROM generate_series(1, p.pronargs) AS n)
            FROM pg_proc AS p
            JOIN _pggit.callers() AS c ON c.routine = p.proname
            WHERE p.pronamespace = 'pggit'::regnamespace
            ORDER BY 1
            """
        ).fetchall()
        conn.execute("SET statement_timeout = '20s'")
        conn.commit()
        wrong = []
        for name, is_procedure, least, arguments in known:
            call = f"pggit.{name}({', '.join(arguments)})"
            for role in ROLES:
                conn.execute(f"SET LOCAL ROLE pggit_{role}".encode())
                try:
                    conn.execute(f"{'CALL' if is_procedure else 'SELECT'} {call}".encode())
                    refused = False
                except psycopg.Error as error:
                    refused = (
                        f"permission denied for {'procedure' if is_procedure else 'function'} {name}"
                        in str(error)
                    )
                conn.rollback()
                if refused != (ROLES.index(role) < ROLES.index(least.removeprefix("pggit_"))):
                    wrong.append((call, role, refused))
    assert wrong == []
    assert len(known) > 100
