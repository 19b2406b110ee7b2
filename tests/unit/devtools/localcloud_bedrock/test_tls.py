"""The certificates, as a strict client sees them. TLS runs in memory: there are no sockets here."""

import datetime
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from devtools.localcloud.tls import TlsFiles, make_tls_files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_tls_files(tmp_path_factory.mktemp("tls") / "made-on-demand")


def handshake(server: TlsFiles, ca: Path, host: str) -> None:
    accepting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    accepting.load_cert_chain(server.certificate, server.key)
    connecting = ssl.create_default_context(cafile=str(ca))
    # Python 3.13's default.
    connecting.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        connecting.wrap_bio(down, up, server_hostname=host),
        accepting.wrap_bio(up, down, server_side=True),
    ]
    for end in ends * 3:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert ends[0].cipher() is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_strict_client_accepts_the_server(files: TlsFiles, host: str) -> None:
    handshake(files, files.ca, host)


def test_no_other_name_is_accepted(files: TlsFiles) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(files, files.ca, "example.com")


def test_another_authority_does_not_vouch_for_it(files: TlsFiles, tmp_path: Path) -> None:
    other = make_tls_files(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, other.ca, "localhost")


def test_the_key_is_its_owners_only(files: TlsFiles) -> None:
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert b"PRIVATE" not in files.ca.read_bytes() + files.certificate.read_bytes()


def test_the_authoritys_key_is_not_kept(files: TlsFiles) -> None:
    assert {path.name for path in files.ca.parent.iterdir()} == {
        "ca.pem",
        "server.key",
        "server.pem",
    }


@pytest.mark.parametrize("name", ["ca", "certificate"])
def test_the_certificates_last_a_year(files: TlsFiles, name: str) -> None:
    certificate = x509.load_pem_x509_certificate(getattr(files, name).read_bytes())
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifetime == datetime.timedelta(days=365)
    assert certificate.not_valid_before_utc < datetime.datetime.now(datetime.UTC)


def test_a_second_call_replaces_the_files(tmp_path: Path) -> None:
    first = make_tls_files(tmp_path).ca.read_bytes()
    second = make_tls_files(tmp_path)
    assert second.ca.read_bytes() != first
    handshake(second, second.ca, "localhost")
