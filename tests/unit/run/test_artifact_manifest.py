"""What a request leaves becomes visible at once or not at all, whoever writes at the same time."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.project_files import ProjectContent
from tests.turns import every_order
from tests.unit.run.project_runs import Call, Fault, Run, carry_out
from tradewind.contracts.errors import DeadlineExceeded, ProjectChanged, StorageUnavailable
from tradewind.run.artifact_manifest import read_manifest
from tradewind.run.artifact_store import WriteConflict
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

MANIFEST = "layout/p-1/manifest.json"


def request(store: MemoryArtifactStore, request_id: str) -> Project:
    return Project("p-1", "layout", {}, store, ("terrain",), request_id=request_id)


def wrote(store: MemoryArtifactStore, request_id: str, *names: str) -> Project:
    """A request that wrote files of its own bytes, and has not ended yet."""
    project = request(store, request_id)
    with project.tool_call():
        for name in names:
            project.save(name, f"{request_id} {name}".encode(), "text/plain")
    return project


def seen(store: MemoryArtifactStore) -> dict[str, str]:
    """What a reader sees: each file's name and content."""
    content = ProjectContent(store, "p-1")
    return {name: content[f"layout/{name}"].decode() for name in content.entries("layout")}


def test_it_says_what_exists_from_which_request_made_from_what() -> None:
    store = MemoryArtifactStore()
    ProjectContent(store, "p-1").leave({"terrain/site.geojson": b"{}"})
    layout = Project("p-1", "layout", {}, store, ("terrain",), "r-2", "0123456789ab")
    with layout.tool_call():
        layout.save("before.txt", b"1", "text/plain")
    with layout.tool_call():
        layout.load("terrain", "site.geojson")
        layout.save("layout.json", b"[]", "application/json")
    layout.commit()

    document = json.loads(store.objects[MANIFEST])
    assert (document["project_id"], document["agent"]) == ("p-1", "layout")
    assert list(document["artifacts"]) == ["before.txt", "layout.json"]
    entry = document["artifacts"]["layout.json"]
    assert entry.pop("written_at").endswith("+00:00")
    assert entry == {
        "key": "layout/p-1/r-2-0123456789ab-2/layout.json",
        # The SHA-256 of "[]" and of "{}".
        "sha256": "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
        "size_bytes": 2,
        "content_type": "application/json",
        "request_id": "r-2",
        "attempt": "0123456789ab",
        "call": 2,
        "made_from": {
            "terrain/site.geojson": (
                "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
            )
        },
    }
    assert document["artifacts"]["before.txt"]["made_from"] == {}


def test_a_request_that_wrote_nothing_leaves_none() -> None:
    store = MemoryArtifactStore()
    request(store, "r-1").commit()
    assert store.objects == {}


def test_what_others_left_stays() -> None:
    store = MemoryArtifactStore()
    wrote(store, "r-0", "old", "both").commit()
    first, second = wrote(store, "r-1", "a", "both"), wrote(store, "r-2", "b", "both")
    second.commit()
    first.commit()
    assert seen(store) == {"old": "r-0 old", "a": "r-1 a", "b": "r-2 b", "both": "r-1 both"}


@pytest.mark.parametrize("there_before", [True, False])
@pytest.mark.parametrize("listed", [True, False])
def test_a_request_whose_ground_was_replaced_leaves_nothing(
    there_before: bool, listed: bool
) -> None:
    store = MemoryArtifactStore()
    if there_before:
        wrote(store, "r-0", "a").commit()
    slow = wrote(store, "r-1", "b")
    if listed:
        slow.files()
    else:
        slow.find("layout", "a")
    wrote(store, "r-2", "a").commit()
    with pytest.raises(ProjectChanged, match="layout/a"):
        slow.commit()
    assert slow.artifacts == []
    assert seen(store) == {"a": "r-2 a"}


def test_what_a_request_did_not_look_at_may_be_replaced() -> None:
    store = MemoryArtifactStore()
    wrote(store, "r-0", "a", "c").commit()
    slow = wrote(store, "r-1", "b")
    slow.load("layout", "c")
    wrote(store, "r-2", "a").commit()
    slow.commit()
    assert seen(store) == {"a": "r-2 a", "b": "r-1 b", "c": "r-0 c"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"artifacts": 3}',
        b'{"artifacts": {"a": {"sha256": "x", "etag": "y"}}}',
    ],
)
def test_a_damaged_manifest_names_nothing_and_is_written_anew(body: bytes) -> None:
    store = MemoryArtifactStore()
    store.put(MANIFEST, body, "application/json")
    assert seen(store) == {}
    wrote(store, "r-1", "b").commit()
    assert seen(store) == {"b": "r-1 b"}


def test_a_manifest_that_names_what_is_not_its_agents_names_nothing() -> None:
    store = MemoryArtifactStore()
    wrote(store, "r-1", "b").commit()
    hostile = store.objects[MANIFEST].replace(b"layout/p-1/r-1", b"layout/p-2/r-1")
    store.put(MANIFEST, hostile, "application/json")
    assert request(store, "r-2").files() == []


def test_it_gives_up_when_others_never_let_it() -> None:
    class Contended(MemoryArtifactStore):
        tries = 0

        def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
            self.tries += 1
            raise WriteConflict(key)

    store = Contended()
    project = wrote(store, "r-1", "a")
    with pytest.raises(StorageUnavailable, match=r"layout/manifest\.json"):
        project.commit()
    assert store.tries == 20
    assert project.artifacts == []


class LostReplies(MemoryArtifactStore):
    """Storage that does what it is asked and whose reply is lost, once; others may be faster."""

    def __init__(self, *, sent_again: bool, overtaken_by: Project | None) -> None:
        super().__init__()
        self.sent_again = sent_again
        self.overtaken_by = overtaken_by
        self.lost = 0

    def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
        super().replace(key, body, content_type, etag=etag)
        if self.lost:
            return
        self.lost += 1
        if self.overtaken_by:
            self.overtaken_by.commit()
        if self.sent_again:
            super().replace(key, body, content_type, etag=etag)
        raise StorageUnavailable("the reply was lost")


@pytest.mark.parametrize("sent_again", [True, False])
@pytest.mark.parametrize("overtaken_by", [(), ("b",), ("a",), ("a", "b")])
def test_its_own_write_whose_reply_was_lost_is_recognised(
    sent_again: bool, overtaken_by: tuple[str, ...]
) -> None:
    store = LostReplies(sent_again=sent_again, overtaken_by=None)
    if overtaken_by:
        store.overtaken_by = wrote(store, "r-2", *overtaken_by)
    project = request(store, "r-1")
    with project.tool_call():
        project.find("layout", "a")
        project.save("a", b"r-1 a", "text/plain")
    project.commit()
    assert store.lost == 1
    assert len(project.artifacts) == 1
    assert seen(store) == {"a": "r-1 a"} | {name: f"r-2 {name}" for name in overtaken_by}


def test_a_manifest_remembers_the_latest_of_its_writers() -> None:
    store = MemoryArtifactStore()
    writers = [wrote(store, f"r-{number}", "a") for number in range(70)]
    for writer in writers:
        writer.commit()
    assert read_manifest(store, "p-1", "layout").attempts == tuple(
        writer.attempt for writer in writers[-64:]
    )


def test_a_commit_that_fails_as_nobody_foresaw_leaves_nothing_in_the_answer() -> None:
    class Defect(MemoryArtifactStore):
        def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
            raise RuntimeError("planted")

    project = wrote(Defect(), "r-1", "a")
    with pytest.raises(RuntimeError):
        project.commit()
    assert project.artifacts == []


def test_storage_that_takes_all_the_time_kept_back_is_no_deadline() -> None:
    class Silent(MemoryArtifactStore):
        def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> None:
            raise DeadlineExceeded("There is no time left for a call to AWS.")

    project = wrote(Silent(), "r-1", "a")
    with pytest.raises(StorageUnavailable, match="time kept back"):
        project.commit()
    assert project.artifacts == []


# Two at once, in every order of their calls of storage.

WHOLE = Run((Call(writes=("a", "b")),))
PAIRS = {
    "both write all": (WHOLE, WHOLE),
    "one writes what the other reads": (
        Run((Call(reads=("a",), writes=("b",)),)),
        Run((Call(writes=("a",)),)),
    ),
    "each reads what the other writes": (
        Run((Call(reads=("a",), writes=("b",)),)),
        Run((Call(reads=("b",), writes=("a",)),)),
    ),
    "both change the same": (
        Run((Call(reads=("a",), writes=("a",)),)),
        Run((Call(reads=("a",), writes=("a",)),)),
    ),
    "one call of two fails": (
        Run((Call(writes=("a",)), Call(reads=("a",), writes=("a",), fails=True))),
        WHOLE,
    ),
}


@pytest.mark.parametrize("there_before", [True, False])
@pytest.mark.parametrize("pair", PAIRS)
def test_two_at_once_end_as_one_after_the_other(pair: str, there_before: bool) -> None:
    before = (WHOLE,) if there_before else ()
    orders = list(every_order(lambda choose: carry_out(PAIRS[pair], before, choose)))
    assert len(orders) > 20


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("step", range(6))
def test_whatever_befalls_one_of_two_nothing_is_mixed(fault: Fault, step: int) -> None:
    runs = (Run((Call(reads=("a",), writes=("a", "b")),), {step: fault}), WHOLE)
    assert len(list(every_order(lambda choose: carry_out(runs, (WHOLE,), choose)))) > 5


# Any number, anything.

NAMES = st.sampled_from("ab")
CALLS = st.builds(
    Call,
    reads=st.lists(NAMES, max_size=2).map(tuple),
    writes=st.lists(NAMES, max_size=2, unique=True).map(tuple),
    fails=st.booleans(),
)
RUNS = st.builds(
    Run,
    calls=st.lists(CALLS, min_size=1, max_size=2).map(tuple),
    faults=st.dictionaries(st.integers(0, 8), st.sampled_from(Fault), max_size=1),
)


@given(
    runs=st.lists(RUNS, min_size=1, max_size=3),
    before=st.lists(st.just(WHOLE), max_size=1),
    data=st.data(),
)
def test_what_readers_see_is_what_whole_runs_left(
    runs: list[Run], before: list[Run], data: st.DataObject
) -> None:
    carry_out(runs, before, lambda waiting: data.draw(st.sampled_from(waiting)))
