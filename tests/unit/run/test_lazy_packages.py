"""Names of a package are imported one by one, and are what they would have been."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from stacks.bundling.lazy_packages import table_of, write_table
from tradewind.run import lazy_packages
from tradewind.run.lazy_packages import LazyPackages, import_lazily

INIT = '''
"""A library."""

from typing import TYPE_CHECKING

from . import inner
from .first import One
from .second import two as deux

if TYPE_CHECKING:
    from .second import Unknown

__all__ = ["One", "deux", "inner"]


def made():
    return One, __name__
'''


def library(folder: Path, name: str, **modules: str) -> None:
    for module, text in modules.items():
        file = folder / name / f"{module.replace('__in__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture
def strands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Not the real one: a small library of its name, which the table is made of."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_strands(name)}
    library(
        tmp_path,
        "strands",
        __init__=INIT,
        first="class One: ...",
        second="from strands.first import One\ntwo = One()",
        inner="value = 3",
        never="raise AssertionError('imported')",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield tmp_path
    for name in [name for name in sys.modules if _is_strands(name)]:
        del sys.modules[name]
    sys.modules.update(kept)


def _is_strands(name: str) -> bool:
    return name.partition(".")[0] == "strands"


def imported() -> set[str]:
    return {name.removeprefix("strands.") for name in sys.modules if _is_strands(name)}


def test_a_name_imports_what_has_it_and_nothing_else(strands: Path) -> None:
    sys.meta_path.insert(0, LazyPackages(table_of(strands)))
    module = import_module("strands")
    assert imported() == {"strands"}
    one = module.One
    assert imported() == {"strands", "first"}
    assert module.inner.value == 3
    assert isinstance(module.deux, one)
    assert imported() == {"strands", "first", "second", "inner"}


def test_what_is_not_in_the_table_is_the_packages_own(strands: Path) -> None:
    sys.meta_path.insert(0, LazyPackages(table_of(strands)))
    module = import_module("strands")
    one = module.One
    assert module.made() == (one, "strands")
    assert module.__all__ == ["One", "deux", "inner"]
    assert module.TYPE_CHECKING is False
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing
    assert "never" not in imported()


def test_its_loader_answers_as_its_own(strands: Path) -> None:
    sys.meta_path.insert(0, LazyPackages(table_of(strands)))
    spec = import_module("strands").__spec__
    assert spec is not None
    assert spec.loader is not None
    assert spec.loader.get_source("strands") == INIT  # type: ignore[attr-defined]
    assert imported() == {"strands"}


@pytest.mark.parametrize(
    "init",
    [
        "from .first import *",
        "from .first import One\nprint('It does something.')",
        "from .first import One\nclass Two(One): ...",
        "import functools\nfrom .first import One\n@functools.cache\ndef f(): ...",
        "from .first import One as second",
        "from . import first as premier",
        "try:\n    from .first import One\nexcept ImportError:\n    One = None",
        "from json import loads",
        "",
    ],
)
def test_a_package_that_does_more_than_import_is_left_alone(strands: Path, init: str) -> None:
    (strands / "strands" / "__init__.py").write_text(init)
    assert table_of(strands) == {}


def test_without_a_table_all_is_as_ever(strands: Path) -> None:
    before = list(sys.meta_path)
    import_lazily(strands / lazy_packages.TABLE.name)
    assert sys.meta_path == before
    write_table(strands)
    import_lazily(strands / lazy_packages.TABLE.name)
    assert len(sys.meta_path) == len(before) + 1
    import_module("strands")
    assert imported() == {"strands"}


COMPARE = """
import importlib, json, sys
from pathlib import Path

import botocore

from stacks.bundling.lazy_packages import table_of
from tradewind.run.lazy_packages import LazyPackages

table = table_of(Path(botocore.__file__).parent.parent)
sys.meta_path.insert(0, LazyPackages(table))
lazily, absent = {}, set()
for package, names in table.items():
    module = importlib.import_module(package)
    for name, (_, own) in names.items():
        if own is None:
            continue  # a module is the only one of its name
        try:
            lazily[package, name] = getattr(module, name)
        except ImportError:
            absent.add((package, name))  # of an extra that is not installed
other = []
for package, names in table.items():
    module = sys.modules[package]
    try:
        getattr(module, "__all__", None)  # runs the package's own
    except ImportError:
        continue
    for name in names:
        found = vars(module).get(name)
        if (package, name) in lazily and lazily[package, name] is not found:
            other.append((package, name))
print(json.dumps({"names": len(lazily), "absent": len(absent), "other": other}))
"""


def test_every_name_of_the_real_library_is_the_same_lazily_and_eagerly() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", COMPARE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["other"] == []
    assert told["names"] > 300
    assert told["absent"] < 20
