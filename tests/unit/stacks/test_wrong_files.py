"""Files that cannot be deployed do not synthesize: each is one line with file, field and a way out.

What each would have cost else: a deployment that rolls back after minutes, a page of a library's
own words, or a synth that does not end.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from stacks.settings.environment import Settings
from stacks.settings.errors import SettingsError
from stacks.settings.file import load_settings
from stacks.settings.limits import UNRESERVED
from tests.sample_agents import SAMPLES

ROOT: Final = Path(__file__).parents[3]
CONFIG: Final = ROOT / "config"
#: A hang ends here; nothing is measured.
LIMIT_S: Final = 120

RUNTIME: Final = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/x-1234567890"
LONG_URL: Final = f"https://example.org/{'x' * 300}"
TEXT: Final = "characters: letters from a to z, digits, spaces within and ._:/=+@-"

#: What takes more than a line of a person's to write.
LONG: Final = [
    (
        f"tags: {{{'k' * 129}: x}}",
        f"tags: the key '{'k' * 128}...' is not allowed; give 1 to 128 {TEXT}",
    ),
    (
        f"tags: {{owner: {'v' * 257}}}",
        f"tags: owner: '{'v' * 128}...' is not allowed; give 1 to 256 {TEXT}",
    ),
    (
        f"tags: {{{', '.join(f'k{number}: x' for number in range(51))}}}",
        "tags: there are 51; a resource has 50 at most",
    ),
    (
        f"log_retention_days: 0x{'f' * 5000}",
        "log_retention_days: a number of thousands of digits is not allowed; give one of 1, ...",
    ),
    (
        f"otlp_endpoint: {LONG_URL}",
        f"otlp_endpoint: '{LONG_URL[:199]}... is not allowed; give an http(s) URL, or null",
    ),
    (
        f"runbook_url: {LONG_URL}",
        f"runbook_url: '{LONG_URL[:199]}... is not allowed; give an https URL...",
    ),
]

#: Addresses that SNS answers with "Invalid parameter: Email address".
NO_ADDRESSES: Final = [
    "ops",
    "@example.com",
    "ops@",
    "ops@example",
    "ops@example.c",
    "ops@example.123",
    "ops@example..com",
    "ops@example.com.",
    "ops@-example.com",
    "ops@example-.com",
    "ops@exam_ple.com",
    "ops@127.0.0.1",
    "ops@[127.0.0.1]",
    "ops.@example.com",
    ".ops@example.com",
    "o..ps@example.com",
    "o@ps@example.com",
    "ops team@example.com",
    '"ops team"@example.com',
    "Ops <ops@example.com>",
    "ops@example.com, dev@example.com",
    "mailto:ops@example.com",
    "öps@example.com",
    "ops@exämple.com",
    " ops@example.com",
    "ops@example.com\n",
    f"{'a' * 65}@example.com",
    f"ops@{'a' * 64}.com",
    f"ops@{'a.' * 126}com",
]
ADDRESSES: Final = [
    "ops@example.com",
    "o'ps+alarms.eu-1@mail.example.co",
    "OPS@EXAMPLE.COM",
    "1@2.example",
    "ops@example.xn--p1ai",
    f"{'a' * 64}@example.com",
]

#: Texts that are small, and what they stand for is not.
BOMB: Final = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, one in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED: Final = "a: &a {k0: x, k1: x, k2: x, k3: x, k4: x, k5: x, k6: x, k7: x, k8: x}\n" + "".join(
    f"{one}: &{one} {{<<: [{', '.join([f'*{before}'] * 10)}]}}\n"
    for before, one in zip("abcdefgh", "bcdefghi", strict=True)
)
TOO_MUCH: Final = [
    ("bomb", BOMB, "line 4: more than 10000 values, with what aliases stand for"),
    ("bomb of merges", MERGED, "line 4: more than 10000 values, with what aliases stand for"),
    ("brackets", "[" * 60_000, "line 1: more than 20 mappings and lists in each other"),
    ("braces", "{a: " * 15_000, "line 1: more than 20 mappings and lists in each other"),
    ("dashes", "- " * 30_000, "line 1: more than 20 mappings and lists in each other"),
    (
        "keys in keys",
        "? " * 30_000,
        "line 1: more than 20 mappings and lists in each other",
    ),
    (
        "steps",
        "".join(f"{' ' * depth}a:\n" for depth in range(300)),
        "line 21: more than 20 mappings and lists in each other",
    ),
    (
        "depth by aliases",
        "a: &a [[[[[[[[[[x]]]]]]]]]]\nb: &b [[[[[[[[*a]]]]]]]]\nc: [[*b]]\n",
        "line 3: more than 20 mappings and lists in each other",
    ),
    ("list in itself", "a: &a [*a]\n", "line 1: *a stands in what it stands for"),
    ("mapping in itself", "a: &a\n  b:\n    c: *a\n", "line 3: *a stands in what it stands for"),
    ("many", "a: [" + "1," * 20_000 + "]", "line 1: more than 10000 values, ..."),
    ("long", "a: " + "x" * 70_000, "more than 65536 characters"),
]
NO_YAML: Final = [
    "a: *nothing\n",
    "a: [1, 2\n",
    "a: 'x\n",
    "a: b: c\n",
    "\ta: 1\n",
    "a: 1\n---\nb: 2\n",
    "a: !!python/name:os.system\n",
    "{a: 1}: {b: 2}\n",
    "a: \x00\n",
    "a: 2026-02-30\n",
    "%YAML 9.0\n---\na: 1\n",
]


def short() -> list[tuple[str, str]]:
    """The files of ``wrong_files.txt`` with their lines."""
    blocks = (Path(__file__).parent / "wrong_files.txt").read_text(encoding="utf-8").split("\n\n")
    pairs = [block.strip("\n").split("\n-> ") for block in blocks[1:]]
    return [(given.replace("RUNTIME", RUNTIME), line) for given, line in pairs]


WRONG: Final = [*short(), *LONG]


def load(folder: Path, text: str) -> Settings:
    config = folder / "config"
    config.mkdir()
    (config / "dev.yaml").write_text(text, encoding="utf-8")
    return load_settings("dev", config, SAMPLES)


def in_place_of(given: str) -> str:
    """The file of dev with these settings in place of its own."""
    kept: dict[str, Any] = yaml.safe_load((CONFIG / "dev.yaml").read_text())
    changed = set(yaml.safe_load(given))
    return f"{given}\n" + yaml.safe_dump({k: v for k, v in kept.items() if k not in changed})


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(folder, text)
    said = str(refused.value)
    assert "\n" not in said
    assert len(said) < 1000
    return said.removeprefix("config/dev.yaml: ")


def fits(said: str, line: str) -> bool:
    return said.startswith(line.removesuffix("...")) if line.endswith("...") else said == line


@pytest.mark.parametrize(("given", "line"), WRONG, ids=[given[:60] for given, _ in WRONG])
def test_a_wrong_file_is_one_line(tmp_path: Path, given: str, line: str) -> None:
    said = refusal(tmp_path, in_place_of(given))
    assert fits(said, line), said


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_an_address_that_sns_refuses_is_refused(tmp_path: Path, address: str) -> None:
    said = refusal(tmp_path, in_place_of(yaml.safe_dump({"alarm_email": address})))
    assert said.startswith("alarm_email: ")
    assert said.endswith(" is not allowed; give an e-mail address, or null")


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_taken(tmp_path: Path, address: str) -> None:
    given = in_place_of(yaml.safe_dump({"alarm_email": address}))
    assert load(tmp_path, given).alarm_email == address


@pytest.mark.parametrize(
    ("text", "line"), [case[1:] for case in TOO_MUCH], ids=[case[0] for case in TOO_MUCH]
)
def test_a_file_that_stands_for_too_much_is_refused_at_once(
    tmp_path: Path, text: str, line: str
) -> None:
    # In a process of its own, which can be ended and has no stack of a test's beneath it.
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "dev.yaml").write_text(text)
    code = (
        "import sys\nfrom pathlib import Path\nfrom stacks.settings.file import load_settings\n"
        "from stacks.settings.errors import SettingsError\n"
        "try:\n    load_settings('dev', Path(sys.argv[1]), {})\n"
        "except SettingsError as refused:\n    print(refused)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "config")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.stderr == ""
    assert fits(done.stdout.removesuffix("\n"), f"config/dev.yaml: {line}"), done.stdout


@pytest.mark.parametrize("text", NO_YAML)
def test_what_is_no_yaml_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text).startswith("not valid YAML: ")


def test_a_file_as_large_as_settings_get_is_taken(tmp_path: Path) -> None:
    tags = {f"key{number}": "v" * 256 for number in range(50)}
    agents = "agents: {terrain: &here {memory_mb: 512, timeout_s: 300}, layout: {<<: *here}}"
    loaded = load(tmp_path, in_place_of(f"{agents}\n{yaml.safe_dump({'tags': tags})}"))
    assert loaded.tags == tags
    assert loaded.agents["layout"] == loaded.agents["terrain"]


def test_all_that_the_account_leaves_may_be_reserved_and_no_more(tmp_path: Path) -> None:
    def given(share: int | None) -> str:
        return in_place_of(
            "functions: {reserved_concurrency: null}\n"
            f"agents: {{terrain: {{reserved_concurrency: {yaml.safe_dump(share).split()[0]}}}}}"
        )

    settings = load(tmp_path, given(None))
    left = settings.concurrency.account - UNRESERVED
    left -= sum(settings.reservations(SAMPLES).values())
    for name in ("most", "more"):
        (tmp_path / name).mkdir()

    assert load(tmp_path / "most", given(left)).agents["terrain"].reserved_concurrency == left
    said = refusal(tmp_path / "more", given(left + 1))
    assert said.startswith(f"reserved_concurrency: terrain {left + 1}")
    assert "make 901; of concurrency.account, which is 1000, Lambda keeps 100 " in said


def test_what_is_behind_the_api_reserves_for_each_of_its_functions(tmp_path: Path) -> None:
    said = refusal(tmp_path, in_place_of("api: {reserved_concurrency: 500}"))
    assert "api 500, mcp 500" in said


def test_a_silent_model_may_be_waited_for_as_long_as_the_function_lives(tmp_path: Path) -> None:
    settings = load(tmp_path, in_place_of("functions: {timeout_s: 120}"))
    assert settings.model.read_timeout_s == settings.function(SAMPLES["terrain"]).timeout_s


def test_a_runtime_elsewhere_calls_no_model_from_here(tmp_path: Path) -> None:
    runtime = f'runtimes: {{helper: {{description: Answers questions., arn: "{RUNTIME}"}}}}'
    given = in_place_of(f"{runtime}\nagents: {{helper: {{timeout_s: 60}}}}")
    assert load(tmp_path, given).agents["helper"].timeout_s == 60
