"""Certificates for the servers on 127.0.0.1: an authority of their own, and one certificate."""

import datetime
import os
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=365)
# A client whose clock is a little behind must not find the certificate "not yet valid".
_CLOCK_SLACK = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class TlsFiles:
    """Where the PEM files are.

    Attributes:
        certificate: The server's certificate.
        key: The server's private key, readable by its owner only.
        ca: The authority's certificate; clients trust this one (``AWS_CA_BUNDLE``).
    """

    certificate: Path
    key: Path
    ca: Path


def make_tls_files(folder: Path) -> TlsFiles:
    """Write a new authority and a certificate for ``localhost`` and ``127.0.0.1`` into ``folder``.

    The authority's own key is never written: whoever trusts the authority trusts this one
    certificate, and nobody can issue a second.

    Args:
        folder: Made if missing; files of an earlier call are replaced.

    Returns:
        The three files. The certificates last one year.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    not_before = datetime.datetime.now(datetime.UTC) - _CLOCK_SLACK
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _authority(ca_key, not_before)
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _server_certificate(server_key, ca, ca_key, not_before)

    files = TlsFiles(folder / "server.pem", folder / "server.key", folder / "ca.pem")
    _write(files.certificate, server.public_bytes(Encoding.PEM), 0o644)
    _write(files.ca, ca.public_bytes(Encoding.PEM), 0o644)
    _write(
        files.key,
        server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        0o600,
    )
    return files


def _authority(key: ec.EllipticCurvePrivateKey, not_before: datetime.datetime) -> x509.Certificate:
    name = _name("Tradewind local authority")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )


def _server_certificate(
    key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    not_before: datetime.datetime,
) -> x509.Certificate:
    authority = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder()
        .subject_name(_name("localhost"))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
            ),
            critical=False,
        )
        # Both identifiers are what X509_STRICT, Python 3.13's default, insists on.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    # Created with its final mode: a key must not be readable even for a moment.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
