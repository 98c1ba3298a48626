"""From what a user gives as `--store` to a store."""

from pathlib import Path

from audiomotion.orchestrate.store.folder import ArtifactStore


def open_store(location: str | Path) -> ArtifactStore:
    """Return the store at a location, a folder or a URL; nothing is made there yet.

    Raises:
        ConfigError: The URL is of a kind that cannot hold a store, or needs a package.
    """
    text = str(location)
    if text.startswith("file://"):
        return ArtifactStore(Path(text.removeprefix("file://")))
    if "://" not in text:
        return ArtifactStore(Path(location))
    from audiomotion.orchestrate.store.mirror import UrlStore

    return UrlStore(text)
