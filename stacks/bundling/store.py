"""Archives on disk, each made once, by one process, or not at all."""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from stacks.bundling.archive import Archive, file_sha256
from stacks.bundling.components import Component

#: Archives kept per name: the current one and the one before it.
_KEPT = 2


@dataclass(frozen=True)
class Made:
    """What is in an archive that was made.

    Attributes:
        packages: Unzipped bytes by top-level package.
        components: The distributions.
    """

    packages: Mapping[str, int]
    components: tuple[Component, ...]


class ArchiveStore:
    """A folder of archives, each named by what it is and by the hash of what goes in.

    Safe to use twice at once and to kill at any point: the work happens in a folder of its own
    under a lock, and an archive counts as made only once its manifest, the last file, is there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str, inputs: str, make: Callable[[Path], Made]) -> Archive:
        """Return the archive ``name`` of these inputs, made if there is none.

        Args:
            name: What it is; older archives of this name are removed.
            inputs: Hash of everything that goes in.
            make: Writes ``archive.zip`` into the empty folder it is given, and says what is in it.
        """
        manifest = self._folder / f"{name}-{inputs}.json"
        if not manifest.exists():
            with self._alone(name):
                # Another process may have made it while this one waited.
                if not manifest.exists():
                    self._make(name, manifest, make)
        facts = json.loads(manifest.read_text(encoding="utf-8"))
        components = tuple(Component(**each) for each in facts.pop("components"))
        return Archive(path=manifest.with_suffix(".zip"), components=components, **facts)

    def _make(self, name: str, manifest: Path, make: Callable[[Path], Made]) -> None:
        workplace = self._folder / "work" / name
        # Left by a process that was killed.
        shutil.rmtree(workplace, ignore_errors=True)
        workplace.mkdir(parents=True)
        made = make(workplace)
        archive = workplace / "archive.zip"
        largest_first = dict(sorted(made.packages.items(), key=lambda item: (-item[1], item[0])))
        described = workplace / "manifest.json"
        facts = {
            "sha256": file_sha256(archive),
            "packages": largest_first,
            "components": [asdict(component) for component in made.components],
        }
        described.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        archive.replace(manifest.with_suffix(".zip"))
        described.replace(manifest)
        shutil.rmtree(workplace)
        self._forget_old(name)

    def _forget_old(self, name: str) -> None:
        manifests = sorted(
            self._folder.glob(f"{name}-*.json"), key=lambda file: file.stat().st_mtime
        )
        for manifest in manifests[:-_KEPT]:
            manifest.unlink()
            manifest.with_suffix(".zip").unlink(missing_ok=True)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{name}.lock").open("w") as lock:
            # Released by the system however this process ends.
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
