"""HTTPS: good certificates are accepted, bad ones refused with k6's codes, unless the user insists."""

import time

import pytest
from tests import sut
from tests.sut import Certificate

TEXT = """
seen = []

@scenario(vus=1, iterations=2)
async def work(vu):
    r = await vu.http.get("/")
    seen.append((r.status, r.error_code, r.error, r.timings["tls_handshaking"]))
"""


@pytest.fixture
def authority(tmp_path):
    def write(server):
        path = tmp_path / "authority.pem"
        path.write_text(server.authority, encoding="ascii")
        return str(path)

    return write


def test_a_certificate_of_a_given_authority_is_accepted(make, authority):
    with sut.SecureServer() as server:
        made = make(TEXT, server.url, ca_file=authority(server))
    assert [seen[0] for seen in made["seen"]] == [200, 200]
    assert made["seen"][0][3] > 0
    assert made["seen"][1][3] == 0, "the second request is on the same connection"
    assert made.trend("http_req_tls_handshaking").count == 2


@pytest.mark.parametrize(
    ("certificate", "is_known", "code"),
    [
        (Certificate.EXPIRED, True, 1300),
        (Certificate.WRONG_HOST, True, 1311),
        (Certificate.SELF_SIGNED, False, 1310),
        (Certificate.GOOD, False, 1310),
    ],
    ids=lambda value: str(getattr(value, "value", value)),
)
def test_a_bad_certificate_is_refused_with_its_code(make, authority, certificate, is_known, code):
    with sut.SecureServer(certificate) as server:
        options = {"ca_file": authority(server)} if is_known else {}
        made = make(TEXT, server.url, **options)
    assert [seen[:2] for seen in made["seen"]] == [(0, code)] * 2
    assert all(seen[2] for seen in made["seen"])
    assert made.count("http_req_errors", error_code=str(code)) == 2
    assert made.trend("http_req_duration").count == 0
    assert made.verdict.exit_code == 99


@pytest.mark.parametrize("certificate", list(Certificate), ids=lambda value: value.value)
def test_any_certificate_is_accepted_by_who_insists(make, certificate):
    with sut.SecureServer(certificate) as server:
        made = make(TEXT, server.url, insecure=True)
    assert [seen[0] for seen in made["seen"]] == [200, 200]


def test_the_head_of_a_run_says_that_certificates_are_not_verified(tonnage):
    with sut.SecureServer(Certificate.SELF_SIGNED) as server:
        refused = tonnage.run(server.url, "-i", "1")
        insisting = tonnage.run(server.url, "-i", "1", "--insecure")
    assert refused.code == 113
    assert "TLS failed (self-signed certificate" in refused.err
    assert insisting.code == 0
    assert "certificates are NOT verified" in insisting.err.splitlines()[0]


def test_a_server_that_breaks_the_handshake_off_is_an_error_of_tls(make):
    def leave(peer):
        peer.socket.recv(1)

    with sut.Server(leave) as server:
        made = make(TEXT, server.url.replace("http://", "https://"))
    assert all(seen[0] == 0 for seen in made["seen"])
    assert all(seen[1] in {1300, 1220, 1301} for seen in made["seen"])


def slow(peer):
    """Answers each request after 200 ms; the session tickets of TLS 1.3 have long been sent by then."""
    while peer.request():
        time.sleep(0.2)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_session_tickets_are_not_the_first_byte_of_an_answer(make, authority):
    with sut.SecureServer(behaviour=slow) as server:
        made = make(TEXT, server.url, ca_file=authority(server))
    assert made.trend("http_req_duration").minimum().lower >= 0.2
    assert made.trend("http_req_waiting").minimum().lower >= 0.2
