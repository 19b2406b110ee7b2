"""What templates mean."""

import unicodedata

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.workflow.text.faults import BadText, RenderingFailed
from tradewind.workflow.text.templates import (
    Names,
    Unset,
    check_template,
    clean,
    compiled,
    names_in,
    prompt,
)

NAMES = {
    "topic": "wind",
    "count": 3,
    "rate": 0.5,
    "yes": True,
    "parts": ["b", "a", "c"],
    "steps": [{"response": "first"}, {"response": "last"}],
    "tasks": Names(items={"response": "of items"}, **{"my-id": {"response": "dashed"}}),
    "mapping": {"k": "v", "items": 1},
    "unset": Unset(name="unset"),
}

#: Templates that mean here what they mean in Jinja2.
AS_IN_JINJA = [
    "{{ topic }} and {{ count }}",
    "{{ topic | upper }} {{ 'ABC' | lower }} {{ 'a b' | title }} {{ 'abc' | capitalize }}",
    "{{ parts | join(', ') }} {{ parts | length }} {{ parts | first }}{{ parts | last }}",
    "{{ parts | sort | join }} {{ parts | reverse | list }}",
    "{{ 'a-b' | replace('-', '+') }} {{ '  x ' | trim }}",
    "{{ '7' | int + 1 }} {{ 'x' | int(5) }} {{ '1.5' | float }}",
    "{{ nothing | default('d') }} {{ '' | default('d', true) }}",
    "{{ rate | round(2) }} {{ 42.55 | round(1, 'floor') }} {{ -3 | abs }}",
    "{{ topic is defined }} {{ nothing is defined }} {{ count is odd }} {{ topic is string }}",
    "{% for part in parts %}{{ loop.index }}/{{ loop.length }}{{ part }}{{ loop.last }}{% endfor %}",  # noqa: E501
    "{% for part in parts if part != 'a' %}{{ part }}{% else %}none{% endfor %}",
    "{% for a in [] %}x{% else %}none{% endfor %}",
    "{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}",
    "{% for row in parts | batch(2) %}{{ row }}{% endfor %}",
    "{% for part in parts | slice(2) %}{{ part | list }}{% endfor %}",
    "{% for i in [1, [2, [3]]] recursive %}{{ i if i is number else loop(i) }}{% endfor %}",
    "{% for i in range(3) %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% if count > 2 and yes %}big{% elif count %}small{% else %}zero{% endif %}",
    "{% set x = count * 2 %}{{ x }} {% set y %}block {{ x }}{% endset %}{{ y }}",
    "{% macro twice(x, n=2) %}{{ x * n }}{% endmacro %}{{ twice('a') }}{{ twice('b', n=3) }}",
    "{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}in{% endcall %}",
    "{% filter upper %}up {{ topic }}{% endfilter %}",
    "{% with a = 1 %}{{ a }}{% endwith %}",
    "{% raw %}{{ topic }}{% endraw %}{# comment #}",
    "{% block a %}block{% endblock %}{{ self.a() }}",
    "a {%- if yes -%} b {%- endif %} c",
    "{{ 'x' ~ 1 ~ [2] }} {{ 'ab' * 3 }} {{ [1] * 2 }} {{ 2 ** 10 }} {{ 7 // 2 }} {{ 7 % 4 }}",
    "{{ '%s is %d' % ('x', 3) }} {{ '%(a)s' % {'a': 1} }} {{ '%s' | format(5) }}",
    "{{ '{} {a}'.format(1, a=2) }} {{ '{:>5}|{:.2f}'.format('x', 1.5) }}",
    "{{ 'a,b'.split(',') }} {{ '-'.join(parts) }} {{ 'x'.center(5) }} {{ 'abc'.startswith('a') }}",
    "{{ steps[0].response }} {{ steps[-1].response }} {{ steps[0]['response'] }}",
    "{{ mapping.k }} {{ mapping['k'] }} {{ mapping.get('z', 'no') }} {{ mapping | dictsort }}",
    "{{ parts | map('upper') | list }} {{ steps | map(attribute='response') | join('|') }}",
    "{{ steps | selectattr('response', 'equalto', 'last') | list }}",
    "{{ [1, 2, 3] | select('odd') | list }} {{ [1, 2] | sum }} {{ [3, 1] | min }} {{ [3, 1] | max }}",  # noqa: E501
    "{{ [1, 1, 2] | unique | list }} {{ 'x y z' | wordcount }}",
    "{{ steps | groupby('response') | list | length }}",
    "{{ 'a b c d' | wordwrap(3) }} {{ 'a\nb' | indent(2) }} {{ 'x' | center(7) }}",
    "{{ '<b>x</b>' | striptags }} {{ '<' | e }} {{ 'a b' | urlencode }}",
    "{{ 1000000 | filesizeformat }} {{ parts[1:] }} {{ parts[::-1] }} {{ 'x' in 'xyz' }}",
    "{{ 'a' if count == 3 else 'b' }} {{ not yes }} {{ none }} {{ 1 < 2 < 3 }}",
    "{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",  # noqa: E501
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}",
    "{% set j = joiner(', ') %}{% for i in range(3) %}{{ j() }}{{ i }}{% endfor %}",
    "{{ dict(a=1) }} {{ (1, 2) }} {{ {'a': [1]} }} {{ [] }}",
    "line one\nline two {{ topic }}\n",
    "{{ mapping | items | list }} {{ mapping | length }} {{ 5 | string }} {{ parts | pprint }}",
]


@pytest.mark.parametrize("source", AS_IN_JINJA)
def test_means_what_it_means_in_jinja(source: str) -> None:
    expected = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    assert compiled(source).render(NAMES) == expected.from_string(source).render(NAMES)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 'abcdefgh' | truncate(6) }}", "abc..."),
        ("{{ 'abcdef' | truncate(6) }}", "abcdef"),
        ("{{ 'abcdef' | truncate(n=4) }}", "a..."),
        ("{{ 'abcdef' | truncate(length=5) }}", "ab..."),
        ("{{ 'abcdef' | truncate(2) }}", ".."),
        ("{{ ('x' * 101) | truncate }}", "x" * 97 + "..."),
        ("{{ ('x' * 100) | truncate }}", "x" * 100),
        ("""{{ {'a': "<é>'&"} | tojson }}""", """{"a": "<é>'&"}"""),
        ("{{ [1, none, true] | tojson }}", "[1, null, true]"),
        ("{{ unset | tojson }}", "null"),
        ("{{ {'a': 1} | tojson(indent=2) }}", '{\n  "a": 1\n}'),
        ("{{ 'Score: 85/100' | regex_search('score: ([0-9]+)') }}", "85"),
        ("{{ 'Score: 85' | regex_search('SCORE') }}", "Score"),
        ("{{ 'Score' | regex_search('none') }}", ""),
        ("{{ 'ab' | regex_search('a(x)?') }}", ""),
        ("{{ nothing | default:'y' }}", "y"),
        ("{{ nothing|default:count }} {{ parts|join:'-' }}", "3 b-a-c"),
        ("{{ nothing | default: steps.x | default('z') }}", "z"),
        ("{{ nothing|default:'a:b' | upper }}", "A:B"),
        ("{{ {'a' | upper: 1} }}", "{'A': 1}"),
        ("{{ tasks.items.response }}", "of items"),
        ("{{ tasks['my-id'].response }}", "dashed"),
        ("{{ mapping.items() | list | length }}", "2"),
        ("[{{ unset }}]", "[]"),
        ("[{{ unset.deeper }}]", "[]"),
        ("{% if unset %}yes{% else %}no{% endif %}", "no"),
        ("{{ unset | default('given') }}", "given"),
        ("{{ unset is defined }}", "False"),
        ("{{ 'a\x00b\x07c\td\n' }}", "abc\td\n"),
        ("{{ 'e\u0301' }}", "\u00e9"),
        ("text e\u0301 \x1b[0m", "text \u00e9 [0m"),
        ("plain\n", "plain"),
        ("", ""),
    ],
)
def test_renders(source: str, text: str) -> None:
    assert compiled(source).render(NAMES) == text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ tasks.other }}", "there is no 'other' here; there is items, my-id"),
        ("{{ steps[7] }}", "7"),
        ("{{ topic.nope.deeper }}", "nope"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ topic + 1 }}", "can only concatenate"),
        ("{% for a in nothing %}{% endfor %}", "'nothing' is undefined"),
        ("{{ mapping | join(1, 2, 3, 4) }}", "arguments"),
    ],
)
def test_says_in_one_line_why_it_cannot_be_rendered(source: str, message: str) -> None:
    with pytest.raises(RenderingFailed, match=message) as failed:
        compiled(source).render(NAMES)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("{{ a", 1),
        ("\n\n{% if x %}", 3),
        ("{% for %}", 1),
        ("a\n{{ x | nofilter }}", 2),
        ("{% if x %}{{ x | nofilter }}{% endif %}", 1),
        ("{{ x is notest }}", 1),
        ("{% include 'other' %}", 1),
        ("{% extends 'other' %}", 1),
        ("{% import 'other' as o %}", 1),
        ("{% from 'other' import o %}", 1),
        ("{% endfor %}", 1),
        ("{% unknown %}", 1),
        ("{{ 1 +* 2 }}", 1),
        ("{{ a b }}", 1),
    ],
)
def test_finds_what_is_no_template(source: str, line: int) -> None:
    fault = check_template(source)
    assert fault is not None
    assert fault.line == line
    assert "\n" not in fault.message
    with pytest.raises(BadText):
        compiled(source)


@pytest.mark.parametrize("source", [*AS_IN_JINJA, "", "plain", "{ not one }", "100 %}"])
def test_finds_nothing_wrong_with_a_template(source: str) -> None:
    assert check_template(source) is None


def test_compiles_once() -> None:
    assert compiled("{{ a }} once") is compiled("{{ a }} once")
    assert prompt("{{ a }} once") is prompt("{{ a }} once")


def test_text_without_marks_is_not_compiled() -> None:
    assert compiled("no marks").is_constant
    assert not compiled("{{ marks }}").is_constant


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{{ a }}{{ b.c }}{{ d['e'] }}", {"a", "b", "d"}),
        ("{% for x in xs %}{{ x }}{{ loop.index }}{% endfor %}", {"xs"}),
        ("{% set a = 1 %}{{ a }}", set()),
        ("{{ a | default('x') }}{{ b.c | d('y') }}", set()),
        ("{{ a | default(b) }}", {"b"}),
        ("{{ a | default:b }}", {"b"}),
        ("{% if a is defined %}{{ a }}{% endif %}", {"a"}),
        ("{{ a is defined }}{{ b is undefined }}", set()),
        ("{{ range(3) }}{{ dict(a=1) }}{{ namespace() }}", set()),
        ("{% macro m(x) %}{{ x }}{{ y }}{% endmacro %}{{ m(z) }}", {"y", "z"}),
        ("{{ f(a, b=c) | join(d) }}", {"f", "a", "c", "d"}),
        ("plain", set()),
        ("{{ no template", set()),
        ("{% raw %}{{ a }}{% endraw %}", set()),
    ],
)
def test_knows_the_names_it_needs(source: str, names: set[str]) -> None:
    assert names_in(source) == names


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("You write about {{ topic }}.", "You write about wind."),
        ("You write about {{ nobody }}.", "You write about {{ nobody }}."),
        ("{{ nobody.at.all | upper }} {{topic}}", "{{ nobody.at.all | upper }} wind"),
        ("{{- nobody }}", "{{- nobody }}"),
        ("{{ topic.nope }}", "{{ topic.nope }}"),
        ("{{ steps[0].response }} {{ steps[0].nope }}", "first {{ steps[0].nope }}"),
        ("{{ topic ~ nobody }}", "{{ topic ~ nobody }}"),
        ("{{ nobody | default('d') }}", "d"),
        ("{{ nobody is defined }}", "False"),
        ("{% if nobody %}a{% else %}b{% endif %}", "b"),
        ("{% for a in nobody %}x{% else %}none{% endfor %}", "none"),
        (
            "{% for a in parts %}{{ a }}{{ nobody }}{% endfor %}",
            "b{{ nobody }}a{{ nobody }}c{{ nobody }}",
        ),
        ("{{ nobody.method() }} {{ topic.upper() }}", "{{ nobody.method() }} WIND"),
        (
            "{% raw %}{{ topic }}{% endraw %} {{ topic }} {{ nobody }}",
            "{{ topic }} wind {{ nobody }}",
        ),
        (
            "Use {{ like this }} in templates, {{ topic }}",
            "Use {{ like this }} in templates, {{ topic }}",
        ),
        ("{% unknown %} {{ topic }}", "{% unknown %} {{ topic }}"),
        ("{% include 'x' %}", "{% include 'x' %}"),
        ("{{ unset }}|", "{{ unset }}|"),
        ("{{ {'a': 1} }} {{ [nobody] }}", "{'a': 1} {{ [nobody] }}"),
        ("{% set x = topic %}{{ x }}{{ y }}", "wind{{ y }}"),
    ],
)
def test_what_a_prompt_cannot_work_out_stays_as_it_is_written(source: str, text: str) -> None:
    assert prompt(source).render(NAMES) == text


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_text_is_cleaned_and_stays_so(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\r\n"]
    assert cleaned.encode().decode() == cleaned


_PIECES = st.lists(
    st.one_of(
        st.sampled_from(["{{ known }}", "{{ unknown }}", "{{ unknown.x }}", "{{ known|upper }}"]),
        st.text(st.characters(exclude_characters="{}%#", exclude_categories=["Cc", "Cs"])),
    )
)


@settings(deadline=None, max_examples=60)
@given(_PIECES)
def test_a_prompt_is_its_pieces_one_by_one(pieces: list[str]) -> None:
    values = {"{{ known }}": "value", "{{ known|upper }}": "VALUE"}
    expected = "".join(values.get(piece, piece) for piece in pieces)
    assert prompt("".join(pieces)).render({"known": "value"}) == clean(expected)


_SYNTAX = st.lists(
    st.sampled_from(
        [
            *("{{", "}}", "{%", "%}", "{#", "#}", "for", "in", "if", "endif", "endfor", "set", "a"),
            *("macro", "endmacro", "|", "upper", "default", ":", "(", ")", "[", "]", "'x'", "1"),
            *("~", "+", "*", "**", ".", ",", "is", "not", "defined", "recursive", "block", " "),
            *("range", "loop", "self", "raw", "endraw", "call", "endcall", "=", "x", "\n", "-"),
        ]
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=60)
@given(_SYNTAX)
def test_whatever_is_written_is_rendered_or_refused(words: list[str]) -> None:
    source = " ".join(words)
    assert isinstance(prompt(source), object)
    try:
        assert isinstance(compiled(source).render({"a": [1, "b"]}), str)
    except (BadText, RenderingFailed):
        assert check_template(source) is None or prompt(source).is_constant
