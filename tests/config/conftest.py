from collections.abc import Callable
from pathlib import Path

import pytest

WriteRecipe = Callable[..., str]


@pytest.fixture
def write(tmp_path, monkeypatch) -> WriteRecipe:
    """Write a file into an empty working directory; its name is what the user would type."""
    monkeypatch.chdir(tmp_path)

    def write_file(text: str, name: str = "mine.yaml") -> str:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    return write_file
