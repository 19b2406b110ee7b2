"""A key that is given twice is refused, wherever it stands, in one line."""

from pathlib import Path

import pytest

from devtools.contract import ContractError, load_catalogue, load_exceptions
from devtools.yaml_files import YamlFileError, load_yaml


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "some.yaml"
    file.write_text(text)
    return file


def test_a_file(tmp_path: Path) -> None:
    file = written(tmp_path, "base: &base {a: 1}\nlist:\n  - {a: 1, b: [x]}\n  - {<<: *base, a: 2}")
    assert load_yaml(file) == {"base": {"a": 1}, "list": [{"a": 1, "b": ["x"]}, {"a": 2}]}


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("a: 1\nb: 2\na: 1\n", 3, "a"),
        ("deep:\n  - in:\n      key: 1\n      'key': 2\n", 4, "key"),
        ("flow: {a: 1,\n  a: 2}", 2, "a"),
        ("? [1]\n: a\n", 0, ""),
    ],
)
def test_a_key_given_twice_is_refused(tmp_path: Path, text: str, line: int, key: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(YamlFileError) as refused:
        load_yaml(file)
    expected = f"{file}:{line}: {key!r} stands here twice" if line else "not valid YAML"
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["a: [", "\x00", "[" * 5000, "a: 1\n---\nb: 2", "2026-13-01", "9" * 5000]
)
def test_what_is_no_yaml_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(YamlFileError, match=r"some\.yaml: not valid YAML") as refused:
        load_yaml(written(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_catalogue_and_exceptions_are_read_so(tmp_path: Path) -> None:
    service = "source: x\n  dimension_sets: []\n  metrics: {}"
    with pytest.raises(ContractError, match=r"some\.yaml:5: 'AWS/A' stands here twice$"):
        load_catalogue(written(tmp_path, f"AWS/A:\n  {service}\nAWS/A:\n  {service}\n"))
    entry = "- namespace: N\n  metric: M\n  dimensions: []\n  reason: R\n"
    with pytest.raises(ContractError, match=r"some\.yaml:5: 'reason' stands here twice$"):
        load_exceptions(written(tmp_path, f"{entry}  reason: R\n"))
    with pytest.raises(ContractError, match=r"some\.yaml: N/M by nothing stands here twice$"):
        load_exceptions(written(tmp_path, entry + entry))
