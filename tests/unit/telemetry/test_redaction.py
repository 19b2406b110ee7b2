"""What identifies or unlocks leaves a text; what a siting request is made of stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.telemetry.redaction import MAX_LENGTH, redact

# Put together here, so that no scanner takes this file for a leak.
AWS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"
PRIVATE_KEY = "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail jane.doe+wind@mail.example.co.uk now", "mail [email] now"),
        ("call +49 170 1234567 or", "call [phone] or"),
        ("call (030) 1234-5678.", "call [phone]."),
        ("call 017012345678", "call [phone]"),
        ("card 4111 1111 1111 1111!", "card [card]!"),
        ("card 4111111111111111", "card [card]"),
        (f"key {AWS_KEY} end", "key [key] end"),
        (f"key={AWS_SECRET} end", "key=[key] end"),
        (f"bearer {JWT}", "bearer [key]"),
        (f"a {PRIVATE_KEY} b", "a [key] b"),
        ("password: hunter2, ok", "password: [secret], ok"),
        ('{"api_key": "abc"}', '{"api_key": "[secret]"}'),
        ("Authorization: Bearer abc.def", "Authorization: [secret]"),
    ],
)
def test_what_identifies_or_unlocks_is_taken_out(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Place 12 turbines of 3.35 MW at 54.123456, 7.654321",
        "From 2026-11-20 to 2027-01-31 the wind blew at 9.8 m/s",
        "366941.57116 MWh a year, 366941571 kWh in all",
        "project-0123456789ab",
        "EPSG:32632",
    ],
)
def test_what_a_request_is_made_of_stays(text: str) -> None:
    assert redact(text) == text


@given(before=st.text(max_size=50), after=st.text(max_size=50))
def test_an_address_leaves_whatever_is_around_it(before: str, after: str) -> None:
    assert "jane@example.org" not in redact(f"{before} jane@example.org {after}")


@given(st.integers(0, MAX_LENGTH + 100))
def test_a_cut_leaves_no_half_of_a_key(position: int) -> None:
    redacted = redact("x" * position + f" {AWS_KEY} " + "y" * MAX_LENGTH)
    assert "IOSFODNN" not in redacted
    assert len(redacted) <= MAX_LENGTH + 3
