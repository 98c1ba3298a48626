"""Write code_digests.json anew: `python -m tests.stages.refresh_digests`."""

import json
from pathlib import Path

from audiomotion.stages.graph import STAGE_KINDS
from tests.stages.code_digest import stage_digest

RECORDED = Path(__file__).with_name("code_digests.json")


def current_digests() -> dict[str, dict[str, int | str]]:
    """Return version and digest of every kind of stage as the code is now."""
    return {
        kind.name: {"version": kind.version, "digest": stage_digest(kind)} for kind in STAGE_KINDS
    }


def main() -> None:
    """Write the record."""
    RECORDED.write_text(json.dumps(current_digests(), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
