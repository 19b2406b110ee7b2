"""What an answer weighs is what Lambda's own runtime makes of it."""

import gzip
import json
import random
import string
from typing import Any

import pytest
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

from tests.integration.records.requests import encoded
from tradewind.contracts.errors import AnswerTooLarge
from tradewind.records.kept_answer import DELIVERY_LIMIT, KEPT_LIMIT, unpack_answer

WORDS = {
    "plain": "wind ",
    "umlauts": "Wörter ",
    "emoji": "🌬",
    "separators": "\u2028\u2029",
    "quotes": '"\\\n\t\x00\x7f',
}


def delivered(document: object, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What the runtime of Python 3.12 sends."""
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12")
    text, content_type = LambdaMarshaller().marshal_response(document)
    assert content_type == "application/json"
    return bytes(text.encode())


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_the_limit_is_the_bytes_that_are_delivered(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    def weight(count: int) -> int:
        return len(delivered(encoded(response=words * count).document, monkeypatch))

    empty = weight(0)
    each = weight(1) - empty
    most = (DELIVERY_LIMIT - empty) // each
    assert DELIVERY_LIMIT - each < weight(most) <= DELIVERY_LIMIT
    with pytest.raises(AnswerTooLarge, match="Lambda delivers at most"):
        encoded(response=words * (most + 1))


def test_what_is_kept_is_what_is_delivered() -> None:
    kept = encoded(facts={"area_km2": 23.5, "names": ["ä"]})
    assert unpack_answer(kept.packed) == kept.document == kept.answer.model_dump(mode="json")


def test_what_a_record_cannot_keep_is_too_large() -> None:
    letters = random.Random(1)  # noqa: S311  no secret
    text = "".join(letters.choices(string.printable, k=600_000))
    with pytest.raises(AnswerTooLarge, match="its record keeps at most"):
        encoded(response=text)
    fits = encoded(response=text[:400_000])
    assert 300_000 < len(fits.packed) <= KEPT_LIMIT
    assert fits.packed == gzip.compress(
        json.dumps(fits.document, ensure_ascii=False).encode(), mtime=0
    )


def test_half_a_character_becomes_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = encoded(response="a\ud800b", facts={"na\udfffme": "\ud83d"})
    assert kept.document["response"] == "a?b"
    assert list(kept.document["facts"].values()) == ["?"]
    assert unpack_answer(kept.packed) == kept.document
    assert json.loads(delivered(kept.document, monkeypatch)) == kept.document


def test_what_is_no_number_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = encoded(facts={"a": float("nan"), "b": [float("inf")]})
    assert json.loads(delivered(kept.document, monkeypatch))["facts"] == {"a": None, "b": [None]}


def deep(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


@pytest.mark.parametrize("fact", [object(), deep(5000), 10**5000], ids=["object", "deep", "long"])
def test_what_json_has_no_word_for_is_refused(fact: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        encoded(facts={"fact": fact})
