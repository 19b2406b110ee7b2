"""Templates that try to get out, to run for ever, or to fill the memory."""

import time

import pytest

from tradewind.workflow.text.conditions import check_condition, condition
from tradewind.workflow.text.faults import BadText, RenderingFailed, TooMuchWork
from tradewind.workflow.text.filters import FILTERS
from tradewind.workflow.text.templates import Names, check_template, compiled, prompt

#: Seconds of the processor; what is refused late is refused by this clock.
SOON = 2.0
#: Characters that nothing small becomes.
MUCH = 10_000

ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ [].__class__.__base__ }}",
    "{{ names.__init__ }}",
    "{{ names.__class__.__init__.__globals__ }}",
    "{{ range.__globals__ }}",
    "{{ range.__self__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ dict.__base__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{% block b %}{{ self.b.__class__ }}{% endblock %}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "{% for a in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for a in [1] %}{{ loop._iterator }}{% endfor %}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{0.__class__.__mro__}'.format('') }}",
    "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "{{ '%s' | format(''.__class__) }}",
    "{{ ['{0.__class__}'] | map('format', 1) | first | attr('__class__') }}",
    "{{ ['x'] | selectattr('__class__') | list }}",
    "{{ ['x'] | sort(attribute='__class__.__mro__') }}",
    "{{ 'x'.encode('utf-8') }}",
    "{{ (1).to_bytes(8, 'big') }}",
    "{{ 'x'.translate({}) }}",
    "{{ names.pop('a') }}",
    "{{ names.update({'a': 1}) }}",
    "{{ names.clear() }}",
    "{{ names.setdefault('b', 1) }}",
    "{{ [1].append(2) }}",
    "{{ listed.append(2) }}",
    "{{ listed.sort() }}",
    "{{ function() }}",
    "{{ function.__globals__ }}",
    "{{ lipsum() }}",
    "{{ url_for() }}",
    "{{ request }}",
    "{{ config }}",
    "{{ import }}",
    "{{ open('/etc/passwd') }}",
    "{% set x = ''.__class__ %}{{ x.mro() }}",
    "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.__class__.__init__.__globals__ }}",
]


def _secret() -> str:
    return "let out"


@pytest.mark.parametrize("source", ESCAPES)
def test_nothing_gets_out(source: str) -> None:
    listed = [1]
    names = {"names": Names(a="x"), "listed": listed, "function": _secret}
    with pytest.raises((BadText, RenderingFailed)):
        compiled(source).render(names)
    assert names["names"] == {"a": "x"}
    assert listed == [1]


@pytest.mark.parametrize(
    "source",
    [
        "{{ ['x'] | map('attr', '__class__') | list }}",
        "{{ ['x'] | map(attribute='__class__') | list }}",
        "{{ [{'a': 'x'}] | map(attribute='a.__class__') | list }}",
        "{{ ['x'] | groupby('__class__') }}",
    ],
)
def test_what_is_private_is_not_there(source: str) -> None:
    text = compiled(source).render({})
    assert "Undefined" in text
    assert "class" not in text


@pytest.mark.parametrize("source", ESCAPES)
def test_nothing_gets_out_of_a_prompt(source: str) -> None:
    names = {"names": Names(a="x"), "listed": [1], "function": _secret}
    try:
        text = prompt(source).render(names)
    except RenderingFailed:
        return
    left = text.replace(source, "")
    for secret in ("<class", "<function", "built-in", "let out", "object at"):
        assert secret not in left


_GROW = (
    "{% set ns = namespace(x=START) %}{% for i in range(200) %}{% set ns.x = GROWN %}{% endfor %}"
)
BOMBS = [
    "{% for a in range(10**9) %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}",
    "{% for a in 'x' * 4000000 %}{{ a }}{% endfor %}",
    "{% for a in range(99999) %}" + "text " * 2000 + "{% endfor %}",
    "{% for a in range(1000) %}{% set b %}" + "text " * 20_000 + "{% endset %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(100) }}",
    "{% macro m(n) %}x{% if n %}{{ m(n - 1) * 9 }}{% endif %}{% endmacro %}{{ m(100) }}",
    "{% macro a(n) %}{{ b(n) }}{{ b(n) }}{% endmacro %}{% macro b(n) %}{{ a(n) }}{% endmacro %}{{ a(1) }}",  # noqa: E501
    "{% block a %}{{ self.a() }}{% endblock %}",
    "{% for a in [[]] recursive %}{{ loop([a]) }}{% endfor %}",
    "{% for a in range(99) recursive %}{{ loop(range(99)) }}{% endfor %}",
    "{{ 'x' * 10**9 }}",
    "{{ 10**9 * 'x' }}",
    "{{ [0] * 10**9 }}",
    "{{ [[0] * 99999] * 99999 }}",
    "{{ 9**(9**(9**9)) }}",
    "{{ 10**1000000 }}",
    "{{ (10**999 ) ** 999 }}",
    "{{ 'x' | center(10**9) }}",
    "{{ 'x'.center(10**9) }}",
    "{{ 'x'.ljust(10**9) }}",
    "{{ '1'.zfill(10**9) }}",
    "{{ 'x' | indent(10**9) }}",
    "{{ ('x\\n' * 99999) | indent('y' * 999) }}",
    "{{ 'x y' | wordwrap(1, wrapstring='z' * 10**6) }}",
    "{{ [1] | batch(10**9, 'x') | list }}",
    "{{ [1] | slice(10**9) | list }}",
    "{{ 1.5 | round(10**9, 'floor') }}",
    "{{ {'a': 1} | tojson(indent=10**9) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '%*d' % (10**9, 1) }}",
    "{{ '%(a)1000000000d' % {'a': 1} }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ ('%s' * 99999) % (('x' * 99999),) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:{}}'.format(1, 10**9) }}",
    "{{ '{:.1000000000f}'.format(1.5) }}",
    "{{ ('{0}' * 99999).format('x' * 99999) }}",
    "{{ '{a:>1000000000}'.format_map({'a': 1}) }}",
    "{{ ('x' * 2000) | replace('x', 'y' * 9999) }}",
    "{{ ('x' * 2000).replace('', 'y' * 9999) }}",
    "{{ ('x' * 9999).join(range(99999) | map('string')) }}",
    "{{ range(99999) | join('x' * 9999) }}",
    "{{ [['x' * 999999] * 99999] | join }}",
    "{{ range(99999) | map('center', 999) | join }}",
    "{{ range(99999) | map('string') | map('center', 999) | list | length }}",
    "{{ [[]] * 10 | sum(start=[]) }}",
    "{{ [range(99999) | list] * 99999 | sum(start=[]) }}",
    _GROW.replace("START", "'x'").replace("GROWN", "ns.x ~ ns.x"),
    _GROW.replace("START", "'x'").replace("GROWN", "ns.x + ns.x"),
    _GROW.replace("START", "'x'").replace("GROWN", "ns.x | replace('x', 'xx')"),
    _GROW.replace("START", "[1]").replace("GROWN", "ns.x + ns.x"),
    _GROW.replace("START", "[1]").replace("GROWN", "[ns.x, ns.x]"),
    _GROW.replace("START", "(1,)").replace("GROWN", "(ns.x, ns.x)"),
    _GROW.replace("START", "{}").replace("GROWN", "{'a': ns.x, 'b': ns.x}"),
    _GROW.replace("START", "{}").replace("GROWN", "dict(a=ns.x, b=ns.x)"),
    _GROW.replace("START", "7").replace("GROWN", "ns.x * ns.x"),
    _GROW.replace("START", "7").replace("GROWN", "ns.x ** 2"),
    _GROW.replace("START", "'x'").replace("GROWN", "'{0}{0}'.format(ns.x)"),
    _GROW.replace("START", "'x'").replace("GROWN", "'%s%s' % (ns.x, ns.x)"),
    _GROW.replace("START", "'xy'").replace("GROWN", "ns.x.join([ns.x, ns.x])"),
    _GROW.replace("START", "[1]").replace("GROWN", "[1] | batch(900, ns.x) | list"),
    _GROW.replace("START", "'x'").replace("GROWN", "[ns.x, ns.x] | join"),
    "{% set x %}xx{% endset %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 60 + "{{ x }}",
    "{% set x = 'xx' %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}",
    "{{ ('a' * 40 ~ 'b') | regex_search('^(a|a|aa)+$') }}",
    "{{ 'x' | regex_search('(' * 20000) }}",
    "{{ 'x' | regex_search('x{1000000000}') }}",
    "{{ 'x' | regex_search('x{1,1000000000}') }}",
    "{{ (range(99999) | list | string) | pprint | pprint | pprint | wordwrap(1) | title | urlize }}",  # noqa: E501
]


@pytest.mark.parametrize("source", BOMBS)
def test_work_is_bounded(source: str) -> None:
    began = time.thread_time()
    with pytest.raises((BadText, RenderingFailed)):
        compiled(source).render({})
    assert time.thread_time() - began < SOON


TOO_DEEP = [
    "{{ " + "(" * 10_000 + "1" + ")" * 10_000 + " }}",
    "{{ " + "-" * 100_000 + "1 }}",
    "{{ " + "[" * 5_000 + "]" * 5_000 + " }}",
    "{{ " + "not " * 10_000 + "1 }}",
    "{{ a" + ".b" * 30_000 + " }}",
    "{{ a" + " | upper" * 30_000 + " }}",
    "{{ " + " + ".join(["1"] * 30_000) + " }}",
    "{% if 1 %}" * 5_000 + "{% endif %}" * 5_000,
    "{% for a in b %}" * 300 + "{% endfor %}" * 300,
    "{{ 1 }}" * 100_000,
    "{{ " + "1" * 5_000 + " }}",
    "{{ 'x' }}" + "x" * 1_000_001,
]


@pytest.mark.parametrize("source", TOO_DEEP, ids=range(len(TOO_DEEP)))
def test_what_is_too_deep_or_too_long_is_refused_in_one_line(source: str) -> None:
    began = time.thread_time()
    fault = check_template(source)
    assert fault is not None
    assert "\n" not in fault.message
    assert len(fault.message) < 500
    assert prompt(source).is_constant
    assert time.thread_time() - began < SOON


def test_a_large_list_is_rendered() -> None:
    rows = [{"response": "word " * 50, "task": str(number)} for number in range(5_000)]
    source = "{% for row in rows %}{{ row.task }}: {{ row.response | truncate(20) }}\n{% endfor %}"
    assert len(compiled(source).render({"rows": rows}).splitlines()) == 5_000
    assert len(compiled("{{ rows | tojson }}").render({"rows": rows})) > 1_000_000


@pytest.mark.parametrize("name", sorted(name for name in FILTERS if name.isidentifier()))
def test_no_filter_makes_much_of_a_large_number(name: str) -> None:
    large = 10**9
    for value in ("'x'", "1", "1.5", "[1]", "{'a': 1}"):
        for arguments in (large, f"{large}, {large}", f"1, {large}", f"'x', {large}"):
            source = f"{{{{ {value} | {name}({arguments}) | string }}}}"
            try:
                assert len(compiled(source).render({})) < MUCH
            except (BadText, RenderingFailed):
                continue


@pytest.mark.parametrize(
    "source",
    [
        "''.__class__",
        "a.__init__",
        "a['__init__']",
        "__builtins__",
        "eval('1')",
        "exec('1')",
        "compile('1', '', 'eval')",
        "open('/etc/passwd')",
        "file",
        "import",
        "a__b",
        "{% if 1 %}",
        "a }}{{ b",
        "a; b",
        "lambda: 1",
        "a = 1",
        "x for x in y",
        "",
        "{{ }}",
        "a b",
        "a | nofilter",
        "a is notest",
        "(" * 5_000,
        "not " * 10_000 + "a",
        "a" * 20_001,
    ],
)
def test_what_is_no_condition_is_refused(source: str) -> None:
    fault = check_condition(source)
    assert fault is not None
    assert "\n" not in fault.message


@pytest.mark.parametrize(
    "source",
    [
        "range(10**9)",
        "list('x' * 10**9)",
        "str([[0] * 99999] * 99999) == ''",
        "9**(9**(9**9)) > 1",
        "('a' * 40 ~ 'b') is search('^(a|a|aa)+$')",
        "('a' * 40 ~ 'b') | search('^(a|a|aa)+$')",
        "int('1' * 5000) > 1",
        "nothing",
        "a.nope == 1",
        "1 / 0",
        "''|attr('__class__')",
        "str.mro()",
        "len.__self__ or len['__self__']",
    ],
)
def test_a_condition_that_goes_wrong_fails(source: str) -> None:
    with pytest.raises((BadText, RenderingFailed)):
        condition(source).holds({"a": {"b": 1}})


def test_refused_in_the_middle_leaves_nothing_behind() -> None:
    bomb = compiled(
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    )
    for _ in range(2):
        with pytest.raises(TooMuchWork):
            bomb.render({})
        assert compiled("{{ a }}").render({"a": "fine"}) == "fine"
