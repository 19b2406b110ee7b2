"""A manifest tells where an artifact's very bytes come from, whoever writes at the same time."""

import json
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.contracts.errors import StorageUnavailable
from tradewind.run import artifact_manifest
from tradewind.run.artifact_store import Stored, WriteConflict
from tradewind.run.memory_artifacts import MemoryArtifactStore
from tradewind.run.project import Project

MANIFEST = "p-1/layout/manifest.json"


def request(store: MemoryArtifactStore, request_id: str) -> Project:
    return Project("p-1", "layout", {}, store, ("terrain",), request_id=request_id)


def wrote(store: MemoryArtifactStore, request_id: str, *names: str) -> Project:
    """A request that wrote files of its own bytes, and is not closed yet."""
    project = request(store, request_id)
    for name in names:
        project.save(name, f"{request_id} {name}".encode(), "text/plain")
    return project


def origins(store: MemoryArtifactStore) -> dict[str, str | None]:
    """Each file's name, and the request its bytes come from."""
    return {
        file.file_name: file.origin.request_id if file.origin else None
        for file in artifact_manifest.list_files(store, "p-1", "layout")
    }


class InterruptedStore(MemoryArtifactStore):
    """Lets somebody else act between what a request has read and its writing of the manifest."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[Callable[[], None]] = []

    def list(self, prefix: str) -> Iterator[Stored]:
        yield from super().list(prefix)
        if self.others:
            self.others.pop(0)()


def test_it_says_what_exists_from_which_request_made_from_what() -> None:
    store = MemoryArtifactStore()
    terrain = Project("p-1", "terrain", {}, store, request_id="r-1")
    terrain.save("site.geojson", b"{}", "application/geo+json")
    terrain.record_artifacts()
    layout = request(store, "r-2")
    layout.save("before.txt", b"1", "text/plain")
    layout.load("terrain", "site.geojson")
    layout.save("layout.json", b"[]", "application/json")
    layout.record_artifacts()

    document = json.loads(store.objects[MANIFEST])
    assert (document["project_id"], document["agent"]) == ("p-1", "layout")
    assert list(document["artifacts"]) == ["before.txt", "layout.json"]
    entry = document["artifacts"]["layout.json"]
    # The SHA-256 of "[]" and of "{}".
    assert entry["sha256"] == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
    assert entry["made_from"] == {
        "terrain/site.geojson": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    }
    assert (entry["request_id"], entry["size_bytes"]) == ("r-2", 2)
    assert entry["content_type"] == "application/json"
    assert entry["written_at"].endswith("+00:00")
    assert document["artifacts"]["before.txt"]["made_from"] == {}


def test_it_is_no_artifact_itself() -> None:
    store = MemoryArtifactStore()
    project = wrote(store, "r-1", "a")
    project.record_artifacts()
    assert [artifact.key for artifact in project.artifacts] == ["p-1/layout/a"]
    assert list(origins(store)) == ["a"]


def test_a_request_that_wrote_nothing_leaves_none() -> None:
    store = MemoryArtifactStore()
    request(store, "r-1").record_artifacts()
    assert store.objects == {}


@pytest.mark.parametrize("earlier", [True, False])
def test_nothing_is_lost_when_two_requests_close_at_once(earlier: bool) -> None:
    store = InterruptedStore()
    if earlier:
        wrote(store, "r-0", "old").record_artifacts()
    first, second = wrote(store, "r-1", "a"), wrote(store, "r-2", "b")
    store.others = [second.record_artifacts]

    first.record_artifacts()

    assert origins(store) == {"a": "r-1", "b": "r-2"} | ({"old": "r-0"} if earlier else {})


@pytest.mark.parametrize("closes_first", [0, 1])
def test_of_a_file_that_two_wrote_the_bytes_that_stayed_decide(closes_first: int) -> None:
    store = MemoryArtifactStore()
    both = [wrote(store, "r-1", "a"), wrote(store, "r-2", "a")]
    both[closes_first].record_artifacts()
    both[1 - closes_first].record_artifacts()
    assert origins(store) == {"a": "r-2"}


def test_bytes_replaced_between_a_claim_and_its_write_are_not_claimed() -> None:
    store = InterruptedStore()
    first = wrote(store, "r-1", "a")

    def overtake() -> None:
        wrote(store, "r-2", "a").record_artifacts()

    store.others = [overtake]
    first.record_artifacts()
    assert origins(store) == {"a": "r-2"}


def test_a_file_that_nobody_recorded_has_no_origin() -> None:
    store = MemoryArtifactStore()
    wrote(store, "r-1", "a", "b").record_artifacts()
    wrote(store, "r-2", "a", "c")  # killed before its end
    assert origins(store) == {"a": None, "b": "r-1", "c": None}


def test_what_is_gone_leaves_the_manifest() -> None:
    store = MemoryArtifactStore()
    wrote(store, "r-1", "a").record_artifacts()
    del store.objects["p-1/layout/a"]
    wrote(store, "r-2", "b").record_artifacts()
    assert list(json.loads(store.objects[MANIFEST])["artifacts"]) == ["b"]


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"{}", b'{"artifacts": 3}', b'{"artifacts": {"a": {"x": 1}}}']
)
def test_a_damaged_manifest_vouches_for_nothing_and_is_written_anew(body: bytes) -> None:
    store = MemoryArtifactStore()
    store.put("p-1/layout/a", b"1", "text/plain")
    store.put(MANIFEST, body, "application/json")
    assert origins(store) == {"a": None}
    wrote(store, "r-1", "b").record_artifacts()
    assert origins(store) == {"a": None, "b": "r-1"}


def test_it_gives_up_when_others_never_let_it() -> None:
    class Contended(MemoryArtifactStore):
        tries = 0

        def replace(self, key: str, body: bytes, content_type: str, *, etag: str | None) -> str:
            self.tries += 1
            raise WriteConflict(key)

    store = Contended()
    with pytest.raises(StorageUnavailable, match=r"layout/manifest\.json"):
        wrote(store, "r-1", "a").record_artifacts()
    assert store.tries == 20


FILES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)


@given(
    writes=st.lists(FILES, min_size=1, max_size=5),
    order=st.randoms(use_true_random=False),
)
def test_whatever_the_order_the_last_writer_is_the_origin(
    writes: list[list[str]], order: Random
) -> None:
    """Requests write and close in any order, some while another one is replacing the manifest."""
    store = InterruptedStore()
    projects = [request(store, f"r-{at}") for at in range(len(writes))]
    last: dict[str, str] = {}

    def write(at: int, name: str) -> None:
        projects[at].save(name, f"{at} {name}".encode(), "text/plain")
        last[name] = f"r-{at}"

    steps: list[Callable[[], None]] = []
    for at, names in enumerate(writes):
        own: list[Callable[[], None]] = [
            *(lambda at=at, name=name: write(at, name) for name in names),
            projects[at].record_artifacts,
        ]
        # Its own steps keep their order; where among the others' they fall is drawn.
        places = sorted(order.sample(range(len(steps) + len(own)), len(own)))
        for place, step in zip(places, own, strict=True):
            steps.insert(place, step)
    # Every other manifest write is interrupted by the step that comes after it.
    while steps:
        step = steps.pop(0)
        if steps and len(steps) % 2:
            store.others = [steps.pop(0)]
        step()
        for waiting in store.others:
            waiting()
        store.others = []

    assert origins(store) == last
