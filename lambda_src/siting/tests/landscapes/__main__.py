"""Run the chain on a made-up landscape and leave every artifact in a folder."""

import argparse
import json
import sys
from pathlib import Path

from siting.tests.chain import DEFINITIONS
from siting.tests.landscapes.every import LANDSCAPES
from siting.tests.landscapes.run import run
from tests.project_files import ProjectContent


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m siting.tests.landscapes", description=__doc__)
    parser.add_argument("landscape", choices=LANDSCAPES)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    asked = parser.parse_args()
    print(f"Planning on {asked.landscape}, some twenty seconds ...", file=sys.stderr)
    landscape = LANDSCAPES[asked.landscape]()
    store, answers = run(landscape)
    left = ProjectContent(store, landscape.project_id)
    for agent in DEFINITIONS:
        (asked.out / agent).mkdir(parents=True, exist_ok=True)
        for file_name in left.entries(agent):
            (asked.out / agent / file_name).write_bytes(left[f"{agent}/{file_name}"])
    (asked.out / "answers.json").write_text(json.dumps(answers, indent=1, ensure_ascii=False))
    print(asked.out)


if __name__ == "__main__":
    main()
