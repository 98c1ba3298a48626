import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.\w+)`")
FOLDERS = (CHECKOUT, CHECKOUT / "audiomotion")


def test_the_fidelity_page_names_files_that_exist() -> None:
    named = set(PATH.findall((CHECKOUT / "docs" / "fidelity.md").read_text(encoding="utf-8")))
    missing = {path for path in named if not any((at / path).exists() for at in FOLDERS)}
    assert len(named) > 50 and not missing


def test_the_fidelity_page_names_every_golden() -> None:
    text = (CHECKOUT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    goldens = {path.stem for path in (CHECKOUT / "tests" / "golden" / "npz").glob("*.npz")}
    assert goldens and {golden for golden in goldens if f"`{golden}`" not in text} == set()
