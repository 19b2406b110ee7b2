"""An OpenID Connect issuer on loopback, with keys of its own, that can be made to misbehave."""

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from devtools.localcloud.tls import TlsFiles

AUDIENCE: Final = "tradewind"
SUBJECT: Final = "person-1"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Issuer:
    """What it signs with, what it publishes, and how often it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: dict[str, tuple[str, PrivateKey]] = {}
        self.asked: list[str] = []
        self.status = 200
        self.documents: dict[str, Any] = {}
        self.add_rsa("first")

    def add_rsa(self, kid: str, bits: int = 2048, algorithm: str = "RS256") -> None:
        self.keys[kid] = (algorithm, rsa.generate_private_key(65537, bits))

    def add_ec(self, kid: str) -> None:
        self.keys[kid] = ("ES256", ec.generate_private_key(ec.SECP256R1()))

    def jwk(self, kid: str) -> dict[str, Any]:
        algorithm, key = self.keys[kid]
        if isinstance(key, rsa.RSAPrivateKey):
            public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        else:
            public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return {**public, "kid": kid, "alg": algorithm, "use": "sig"}

    def claims(self, **other: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            **{"iss": self.url, "aud": AUDIENCE, "sub": SUBJECT, "iat": now, "exp": now + 300},
            **other,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self, kid: str = "first", header: Mapping[str, Any] | None = None, **other: Any
    ) -> str:
        """A token; a claim of None is left out."""
        algorithm, key = self.keys[kid]
        return jwt.encode(self.claims(**other), key, algorithm, {"kid": kid, **(header or {})})

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        usual = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
            },
            "/keys": {"keys": [self.jwk(kid) for kid in self.keys]},
        }
        document = {**usual, **self.documents}[path]
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.status, content


@contextmanager
def running_issuer(tls: TlsFiles) -> Iterator[Issuer]:
    """An issuer that serves, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = issuer.answer(self.path)
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", f"{issuer.url}/keys")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    issuer = Issuer(f"https://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
