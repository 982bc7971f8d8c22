"""Files of the program go packed to browsers that ask for it; pages with a token never do."""

import gzip

import pytest
from flask.testing import FlaskClient


@pytest.fixture
def engine_name() -> str:
    """Use one engine: no file comes from the database."""
    return "sqlite"


def test_a_style_sheet_is_packed_for_whoever_can_unpack_it(client: FlaskClient) -> None:
    with client.get("/static/citizen.css") as plain:
        content = plain.data
    with client.get("/static/citizen.css", headers={"Accept-Encoding": "gzip"}) as packed:
        sent = packed.data

    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(sent) < len(content)
    assert gzip.decompress(sent) == content
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Content-Encoding" not in plain.headers


def test_a_page_with_a_token_is_never_packed(client: FlaskClient) -> None:
    page = client.get("/device", headers={"Accept-Encoding": "gzip"})

    assert page.status_code == 200
    assert "Content-Encoding" not in page.headers
