"""Requests made from the OpenAPI document, valid and not: none of them is answered with a defect of the service."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from litestar.serialization import decode_json, encode_json
from schemathesis import Case

from api.service import SCHEMA, serve, settings_for
from pggit.app import create_app
from pggit.settings import Settings
from servers import PgServer

DOCUMENT = schemathesis.openapi.from_dict(
    decode_json(encode_json(create_app(Settings()).openapi_schema.to_schema()))
).exclude(path_regex="/stream$")  # it answers for as long as one listens


@pytest.fixture(scope="module")
def service(newest_pg: PgServer) -> Iterator[httpx.Client]:
    with newest_pg.database(newest_pg.template()) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(SCHEMA)
            conn.execute("SELECT pggit.init('app')")
            conn.execute("SELECT pggit.create_branch('feature')")
        with serve(settings_for(url)) as client:
            yield client


@DOCUMENT.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,  # a failure in CI is one that everybody can see again
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_finds_a_defect(case: Case, service: httpx.Client) -> None:
    response = case.call(base_url=str(service.base_url))
    assert response.status_code < 500, response.text
