"""The authorizer against a real issuer: who is let in, and everybody who is not."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from devtools.localcloud.tls import TlsFiles
from tests.integration.oidc_issuer import AUDIENCE, SUBJECT, Issuer, running_issuer
from tradewind.api.caller import owner_of
from tradewind.oidc.documents import Documents
from tradewind.oidc.errors import IssuerUnavailable
from tradewind.oidc.keys import IssuerKeys
from tradewind.oidc.tokens import Tokens

ARN = "arn:aws:execute-api:us-east-1:000000000000:api/v1/POST/agents/terrain/invocations"


class Clock:
    """The time of day, which a test puts forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


@pytest.fixture
def issuer(tls_files: TlsFiles) -> Iterator[Issuer]:
    with running_issuer(tls_files) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Door:
    """The authorizer, as API Gateway asks it."""

    def __init__(self, issuer: Issuer, tls: TlsFiles, clock: Clock) -> None:
        # Late: the module builds its own from the environment.
        from tradewind.handlers.authorizer import Authorizer  # noqa: PLC0415

        self.http = urllib3.PoolManager(ca_certs=str(tls.ca))
        keys = IssuerKeys(issuer.url, Documents(self.http), clock)
        self._authorizer = Authorizer(issuer.url, Tokens(issuer.url, AUDIENCE, keys))

    def ask(self, authorization: str) -> dict[str, Any]:
        return self._authorizer.decide(
            {"type": "TOKEN", "methodArn": ARN, "authorizationToken": authorization}
        )

    def lets_in(self, token: str) -> bool:
        try:
            self.ask(f"Bearer {token}")
        except IssuerUnavailable:
            raise
        except Exception as refused:
            # The one word that API Gateway knows; anything else is a defect.
            if str(refused) != "Unauthorized":
                raise
            return False
        return True


@pytest.fixture
def door(
    issuer: Issuer, tls_files: TlsFiles, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Door]:
    monkeypatch.setenv("TRADEWIND_OIDC_ISSUER", issuer.url)
    monkeypatch.setenv("TRADEWIND_OIDC_AUDIENCE", AUDIENCE)
    made = Door(issuer, tls_files, clock)
    yield made
    made.http.clear()


def test_a_holder_of_a_token_is_let_in_to_the_whole_stage_and_owns_what_they_leave(
    door: Door, issuer: Issuer
) -> None:
    answer = door.ask(f"Bearer {issuer.token()}")
    [statement] = answer["policyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": "arn:aws:execute-api:us-east-1:000000000000:api/v1/*",
    }
    assert answer["context"] == {"issuer": issuer.url, "subject": SUBJECT}
    assert SUBJECT not in answer["principalId"]
    event = {"requestContext": {"identity": {}, "authorizer": answer["context"]}}
    assert owner_of(event).startswith("oidc:")
    assert owner_of(event).endswith(f":{SUBJECT}")


def test_keys_are_asked_for_once(door: Door, issuer: Issuer) -> None:
    assert all(door.lets_in(issuer.token(sub=f"person-{number}")) for number in range(20))
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"exp": "never"},
        {"nbf": int(time.time()) + 3600},
        {"aud": "somebody-else"},
        {"aud": None},
        {"aud": []},
        {"iss": "https://issuer.example"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "s" * 256},
    ],
    # Every process that shares the tests out has to name them alike, whatever its clock says.
    ids=lambda claims: next(iter(claims)),
)
def test_claims_that_do_not_hold_let_nobody_in(
    door: Door, issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert door.lets_in(issuer.token())
    assert not door.lets_in(issuer.token(**claims))


def test_clocks_may_differ_a_little(door: Door, issuer: Issuer) -> None:
    now = int(time.time())
    assert door.lets_in(issuer.token(exp=now - 5))
    assert door.lets_in(issuer.token(nbf=now + 10))


def test_one_of_several_audiences_is_enough(door: Door, issuer: Issuer) -> None:
    assert door.lets_in(issuer.token(aud=["another", AUDIENCE]))


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_without_a_signature_proves_nothing(door: Door, issuer: Issuer) -> None:
    for algorithm in ("none", "None", "NONE", "nOnE"):
        head = part({"alg": algorithm, "kid": "first", "typ": "JWT"})
        assert not door.lets_in(f"{head}.{part(issuer.claims())}.")
    assert not door.lets_in(issuer.token().rpartition(".")[0] + ".")


def test_the_public_key_is_no_shared_secret(door: Door, issuer: Issuer) -> None:
    public = issuer.keys["first"][1].public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head, body = part({"alg": "HS256", "kid": "first"}), part(issuer.claims())
    signature = jwt.api_jws.PyJWS().get_algorithm_by_name("HS256")
    signed = signature.sign(f"{head}.{body}".encode(), pem)
    forged = base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
    assert not door.lets_in(f"{head}.{body}.{forged}")


def test_a_shared_secret_that_is_published_is_none(door: Door, issuer: Issuer) -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    encoded = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    issuer.documents["/keys"] = {"keys": [{"kty": "oct", "k": encoded, "kid": "s", "alg": "HS256"}]}
    token = jwt.encode(issuer.claims(), secret, "HS256", {"kid": "s"})
    assert not door.lets_in(token)


def test_somebody_elses_key_of_the_same_name_is_not_the_issuers(door: Door, issuer: Issuer) -> None:
    other = rsa.generate_private_key(65537, 2048)
    assert not door.lets_in(jwt.encode(issuer.claims(), other, "RS256", {"kid": "first"}))


def test_a_key_in_the_token_is_not_looked_at(door: Door, issuer: Issuer) -> None:
    other = rsa.generate_private_key(65537, 2048)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(other.public_key(), as_dict=True)
    header = {"kid": "first", "jwk": public, "jku": f"{issuer.url}/other"}
    assert not door.lets_in(jwt.encode(issuer.claims(), other, "RS256", header))
    assert "/other" not in issuer.asked


def test_a_key_signs_in_its_own_way_only(door: Door, issuer: Issuer) -> None:
    _, key = issuer.keys["first"]
    assert not door.lets_in(jwt.encode(issuer.claims(), key, "PS256", {"kid": "first"}))
    issuer.add_ec("curve")
    token = issuer.token("curve")
    assert not door.lets_in(jwt.encode(issuer.claims(), key, "RS256", {"kid": "curve"}))
    assert not door.lets_in(token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB"))


def test_elliptic_curves_are_understood(door: Door, issuer: Issuer) -> None:
    issuer.add_ec("curve")
    assert door.lets_in(issuer.token("curve"))


def test_a_small_key_is_not_enough(door: Door, issuer: Issuer) -> None:
    issuer.add_rsa("small", bits=1024)
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        token = issuer.token("small")
    assert not door.lets_in(token)


def test_what_has_to_be_understood_and_is_not_is_refused(door: Door, issuer: Issuer) -> None:
    assert not door.lets_in(issuer.token(header={"crit": ["exp"]}))


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer a.b.c", "Bearer " + "." * 20, "\x00"],
)
def test_what_is_no_token_is_refused(door: Door, issuer: Issuer, authorization: str) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        door.ask(authorization)
    assert issuer.asked == []


def test_a_huge_token_is_not_even_read(door: Door, issuer: Issuer) -> None:
    assert not door.lets_in(issuer.token(extra="x" * 100_000))
    assert not door.lets_in("A" * 1_000_000)
    assert issuer.asked == []


def test_a_deeply_nested_token_is_refused(door: Door, issuer: Issuer) -> None:
    nested = base64.urlsafe_b64encode(b"[" * 5000).rstrip(b"=").decode()
    assert not door.lets_in(f"{nested}.{nested}.x")


def test_a_new_key_is_found_when_it_signs(door: Door, issuer: Issuer, clock: Clock) -> None:
    assert door.lets_in(issuer.token())
    issuer.add_rsa("second")
    clock.ahead_s = 40
    assert door.lets_in(issuer.token("second", exp=int(time.time()) + 300))


def test_invented_keys_do_not_make_the_issuer_work(door: Door, issuer: Issuer) -> None:
    issuer.add_rsa("unknown")
    token = issuer.token("unknown")
    del issuer.keys["unknown"]
    for number in range(50):
        head, _, rest = token.partition(".")
        assert not door.lets_in(f"{part({'alg': 'RS256', 'kid': f'k{number}'})}.{rest}")
        assert head
    assert len(issuer.asked) == 2


def test_a_key_that_was_taken_back_ends_within_the_hour(
    door: Door, issuer: Issuer, clock: Clock
) -> None:
    issuer.add_rsa("second")
    token = issuer.token("first", exp=int(time.time()) + 9000)
    assert door.lets_in(token)
    del issuer.keys["first"]
    assert door.lets_in(token)
    clock.ahead_s = 3601
    assert not door.lets_in(token)


def test_an_issuer_that_is_down_from_the_start_says_nothing_of_anybody(
    door: Door, issuer: Issuer
) -> None:
    issuer.status = 503
    for _ in range(10):
        with pytest.raises(IssuerUnavailable):
            door.lets_in(issuer.token())
    # Not a question for every caller.
    assert len(issuer.asked) == 1


def test_known_keys_outlive_an_issuer_for_a_day(door: Door, issuer: Issuer, clock: Clock) -> None:
    token = issuer.token(exp=int(time.time()) + 200_000)
    assert door.lets_in(token)
    issuer.status = 500
    clock.ahead_s = 7200
    assert door.lets_in(token)
    clock.ahead_s = 86_500
    with pytest.raises(IssuerUnavailable):
        door.lets_in(token)


def test_a_key_that_the_issuer_cannot_be_asked_for_is_not_called_unknown(
    door: Door, issuer: Issuer, clock: Clock
) -> None:
    assert door.lets_in(issuer.token())
    issuer.add_rsa("second")
    issuer.status = 500
    clock.ahead_s = 40
    with pytest.raises(IssuerUnavailable):
        door.lets_in(issuer.token("second"))
    assert door.lets_in(issuer.token())


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/.well-known/openid-configuration", b"<html>"),
        ("/.well-known/openid-configuration", []),
        ("/.well-known/openid-configuration", b"[" * 100_000),
        ("/keys", {"keys": "none"}),
        ("/keys", {"keys": [{"kid": str(number)} for number in range(51)]}),
        ("/keys", b'{"keys": [' + b" " * 300_000 + b"]}"),
    ],
    ids=["html", "list", "nested", "no list", "too many", "too long"],
)
def test_an_issuer_that_publishes_nonsense_lets_nobody_in(
    door: Door, issuer: Issuer, path: str, document: Any
) -> None:
    issuer.documents[path] = document
    with pytest.raises(IssuerUnavailable):
        door.lets_in(issuer.token())


def test_another_issuers_document_is_not_the_issuers(door: Door, issuer: Issuer) -> None:
    about = {"issuer": "https://other.example", "jwks_uri": f"{issuer.url}/keys"}
    issuer.documents["/.well-known/openid-configuration"] = about
    with pytest.raises(IssuerUnavailable):
        door.lets_in(issuer.token())
    assert "/keys" not in issuer.asked


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9/keys", "https://user:word@127.0.0.1:9/keys", "https:///x", "None"],
)
def test_keys_come_from_https_only(address: str) -> None:
    class Nobody(urllib3.PoolManager):
        def request(self, *_arguments: Any, **_more: Any) -> Any:
            raise AssertionError("asked")

    with pytest.raises(IssuerUnavailable, match="no https address"):
        Documents(Nobody()).get(address)


def test_a_redirect_leads_nowhere(door: Door, issuer: Issuer) -> None:
    issuer.status = 302
    with pytest.raises(IssuerUnavailable):
        door.lets_in(issuer.token())
    assert issuer.asked == ["/.well-known/openid-configuration"]


def test_a_broken_key_beside_good_ones_hurts_nobody(door: Door, issuer: Issuer) -> None:
    broken = [{"kid": "b", "kty": "RSA", "n": "AA", "e": "AQAB"}, {"kty": "RSA"}, 7, {"kid": 3}]
    issuer.documents["/keys"] = {"keys": [*broken, issuer.jwk("first")]}
    assert door.lets_in(issuer.token())
    assert not door.lets_in(issuer.token(header={"kid": "b"}))


def test_nothing_of_a_token_is_logged(
    door: Door, issuer: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    token = issuer.token(aud="somebody-else", sub="very-secret")
    assert not door.lets_in(token)
    logged = capsys.readouterr().out
    assert "Token refused" in logged
    assert token.split(".")[1] not in logged
    assert "very-secret" not in logged
