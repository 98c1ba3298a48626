"""`amx data oral`: captions rewritten as people speak."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from audiomotion.cli.console import counted, errors
from audiomotion.cli.options import (
    DEFAULT_STORE,
    DataRootOption,
    DryRunOption,
    JsonOption,
    StoreOption,
)
from audiomotion.cli.oral_display import Prices, RewriteProgress, duration, short
from audiomotion.config.datasets import FolderSchema
from audiomotion.config.given import Given, Origin, given
from audiomotion.config.nearest import not_one_of
from audiomotion.config.overrides import merge, set_layer
from audiomotion.config.problems import find_problems
from audiomotion.config.resolve import resolve
from audiomotion.config.rewriters import REWRITERS, RewriterSchema
from audiomotion.data.folder_check import check_folder, dataset_folder
from audiomotion.data.published_counts import PUBLISHED
from audiomotion.errors import ConfigError, DataError
from audiomotion.orchestrate.store import open_store
from audiomotion.rewrite.base import Rewriter, build_rewriter
from audiomotion.rewrite.cache import RewriteCache
from audiomotion.rewrite.folder import (
    RECORD,
    ClipCaptions,
    OralFolder,
    oral_lines,
    read_clip_captions,
)
from audiomotion.rewrite.job import Estimate, Job, Tally

_KEY_PLACES: Final = ("key_file", "key_variable")
_MOST_SHOWN: Final = 5


def oral(
    dataset: Annotated[str, typer.Option("--dataset", help="Experiment whose data is rewritten.")],
    folder: Annotated[
        str | None,
        typer.Option("--folder", help="Folder below the data root, where it is another one."),
    ] = None,
    rewriter: Annotated[
        str, typer.Option("--rewriter", help="grammar, openai, local or a package's own.")
    ] = "grammar",
    model: Annotated[
        str | None, typer.Option("--model", help="openai: its name; local: folder or hub id.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="openai: address of the endpoint.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="openai: file that holds the key.")
    ] = None,
    key_variable: Annotated[
        str | None, typer.Option("--key-variable", help="openai: variable that holds the key.")
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any key of the rewriter: temperature=0."),
    ] = None,
    num_rewrites: Annotated[
        int, typer.Option("--num-rewrites", min=1, max=20, help="Rewrites of each caption.")
    ] = 1,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Rewrite this many captions at most.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace oral files that other hands wrote, too.")
    ] = False,
    price_in: Annotated[
        float | None, typer.Option("--price-in", min=0, help="Price of a million tokens sent.")
    ] = None,
    price_out: Annotated[
        float | None, typer.Option("--price-out", min=0, help="Price of a million answered.")
    ] = None,
    dry_run: DryRunOption = False,
    data_root: DataRootOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Rewrite captions into spoken language, as files that the variant `oral` reads."""
    given_keys = {
        "model": model,
        "base_url": base_url,
        "key_file": None if key_file is None else str(key_file),
        "key_variable": key_variable,
    }
    config = _rewriter_config(rewriter, given_keys, assignments or [])
    work = _Work.open(dataset, folder, data_root, config, num_rewrites, store, force)
    if limit is not None:
        work.job.only(limit)
    prices = Prices(price_in, price_out)
    estimate = work.job.estimate()
    if dry_run:
        _show(work.planned(estimate, prices), work.plan_lines(estimate, prices), as_json)
        return
    for line in work.plan_lines(estimate, prices):
        errors.say(line)
    open_store(store).prepare()
    with work.folder.locked():
        with RewriteProgress(prices) as progress:
            tally = work.job.run(progress)
        errors.say("writing the files")
        record, lines = work.publish(tally, prices)
    _show(record, lines, as_json)
    if work.job.failures:
        raise DataError("\n".join(work.failure_lines()))


def _rewriter_config(
    name: str, given_keys: Mapping[str, object], assignments: Sequence[str]
) -> RewriterSchema:
    """Return the rewriter's validated configuration.

    Raises:
        ConfigError: Every key that is wrong; a key of an endpoint is not repeated.
    """
    if name not in REWRITERS.schemas:
        raise ConfigError(f"--rewriter: {not_one_of(name, list(REWRITERS.schemas))}")
    for assignment in assignments:
        key = assignment.partition("=")[0].strip()
        if key == "base_url":  # a message repeats what --set gives, and it may hold the key
            raise ConfigError("--set base_url: give the address with --base-url")
        if "key" in key.lower() and key not in _KEY_PLACES:
            raise ConfigError(
                f"--set {key}: a command line is seen by others and kept in histories; put the key "
                "into a file (--key-file) or an environment variable (--key-variable)"
            )
    values = {key: value for key, value in given_keys.items() if value is not None}
    items = {
        key: given(value, Origin(f"--{key.replace('_', '-')}", spells=(key,)))
        for key, value in values.items()
    }
    origin = Origin(f"--rewriter {name}")
    lower = Given({"name": given(name, origin), **items}, origin)
    config, problems = find_problems(merge(lower, set_layer(assignments)), REWRITERS.schemas[name])
    if problems:
        raise ConfigError(problems)
    assert isinstance(config, RewriterSchema)
    return config


@dataclass
class _Work:
    """What one command is about."""

    dataset: str
    clips: list[ClipCaptions]
    """Clips whose files are made."""
    num_foreign: int
    """Clips whose files other hands wrote."""
    problems: list[str]
    folder: OralFolder
    rewriter: Rewriter
    job: Job

    @classmethod
    def open(
        cls,
        dataset: str,
        own_folder: str | None,
        data_root: Path | None,
        config: RewriterSchema,
        num_rewrites: int,
        store: str,
        force: bool,
    ) -> "_Work":
        sets = [] if own_folder is None else [f"dataset.folder={own_folder}"]
        data = resolve(dataset, sets=sets)[0].experiment.dataset
        if not isinstance(data, FolderSchema):
            raise ConfigError(
                f"--dataset {dataset}: data set {data.name} brings its rewrites along; rewritten "
                "are those in the published folder layout, such as kit and humanml3d"
            )
        folder = dataset_folder(data, data_root)
        if missing := check_folder(data, data_root):
            raise DataError("\n".join(missing))
        clips, problems = read_clip_captions(folder)
        files = OralFolder.open(folder)
        ours = [clip for clip in clips if force or not files.is_foreign(clip.name)]
        rewriter = build_rewriter(config)
        cache = RewriteCache(open_store(store).cache / "rewrites", rewriter.identity)
        captions = list(dict.fromkeys(c for clip in ours for c in clip.captions.values()))
        job = Job(rewriter, captions, cache, num_rewrites)
        return cls(data.name, ours, len(clips) - len(ours), problems, files, rewriter, job)

    @property
    def num_captions(self) -> int:
        """Captions of all clips, the same words in two clips counted twice."""
        return sum(len(clip.captions) for clip in self.clips)

    def planned(self, estimate: Estimate, prices: Prices) -> dict[str, Any]:
        """Return what would be done."""
        return {
            "dataset": self.dataset,
            "rewriter": self.rewriter.identity,
            "num_captions": self.num_captions,
            "num_clips": len(self.clips),
            "num_clips_of_other_hands": self.num_foreign,
            **asdict(estimate),
            "num_missing": estimate.num_missing,
            "cost": prices.of(estimate.tokens_in, estimate.tokens_out),
        }

    def plan_lines(self, estimate: Estimate, prices: Prices) -> list[str]:
        """Return what would be done, to be read before it is."""
        lines = [
            f"{self.dataset}: {counted(self.num_captions, 'caption')} of "
            f"{counted(len(self.clips), 'clip')}; of different captions "
            f"{counted(estimate.num_wanted, 'rewrite')}: {estimate.num_kept} cached, "
            f"{estimate.num_missing} to make"
        ]
        if self.num_foreign:
            lines.append(
                f"{counted(self.num_foreign, 'clip')} left alone: their oral files are not this "
                "command's own (--force replaces them)"
            )
        if self.problems:
            lines.append(f"{counted(len(self.problems), 'clip')} without captions, such as: "
                         f"{self.problems[0]}")  # fmt: skip
        if estimate.tokens_in:
            cost = prices.of(estimate.tokens_in, estimate.tokens_out)
            lines.append(
                f"about {short(estimate.tokens_in)} tokens in, {short(estimate.tokens_out)} out"
                + ("; no price given" if cost is None else f"; about {cost:.2f} at the given price")
                + f"; about {duration(estimate.seconds)}, "
                + ("as earlier requests took" if estimate.is_measured else "by a guess")
            )
        return lines

    def publish(self, tally: Tally, prices: Prices) -> tuple[dict[str, Any], list[str]]:
        """Write the files of all clips whose captions all have their rewrites, and the record."""
        texts = self.job.texts
        whole = [c for c in self.clips if all(text in texts for text in c.captions.values())]
        record = self._record(whole)
        contents = {clip.name: oral_lines(clip.captions, texts) for clip in whole}
        label = ", ".join(f"{key}={value}" for key, value in self.rewriter.identity.items())
        written = self.folder.publish(contents, label, record)
        others = [name for name in self.folder.rewriters() if name != label]
        lines = [
            f"{self.folder.folder}: {counted(len(whole), 'clip')} rewritten "
            f"({counted(written, 'file')} written), {counted(record['num_pairs'], 'oral pair')} "
            f"({record['num_pairs_mirrored']} of mirrored clips)",
            *_published_lines(self.dataset, record),
        ]
        if len(whole) < len(self.clips):
            lines.append(f"{counted(len(self.clips) - len(whole), 'clip')} not written: captions "
                         "of theirs have no rewrite (yet)")  # fmt: skip
        if others:
            lines.append(f"files of another rewriter remain: {'; '.join(others)}")
        if tally.tokens_in or tally.tokens_out:
            cost = prices.of(tally.tokens_in, tally.tokens_out)
            lines.append(
                f"{tally.asked} answers, {short(tally.tokens_in)} tokens in, "
                f"{short(tally.tokens_out)} out" + ("" if cost is None else f", cost {cost:.2f}")
            )
        return record, lines

    def _record(self, whole: Sequence[ClipCaptions]) -> dict[str, Any]:
        pairs = [len(clip.captions) * self.job.num_rewrites for clip in whole]
        mirrored = [n for n, clip in zip(pairs, whole, strict=True) if clip.is_mirrored]
        published = PUBLISHED.get(self.dataset)
        return {
            "dataset": self.dataset,
            "rewriter": self.rewriter.identity,
            "num_rewrites": self.job.num_rewrites,
            "num_clips": len(whole),
            "num_pairs": sum(pairs),
            "num_pairs_mirrored": sum(mirrored),
            "num_pairs_published": published.counts.oral if published else None,
            "num_clips_of_other_hands": self.num_foreign,
            "failures": self._failures(),
        }

    def _failures(self) -> list[dict[str, Any]]:
        found = {failure.caption: failure for failure in self.job.failures}
        return [
            {"file": f"texts/{clip.name}.txt", "index": index, **asdict(found[caption])}
            for clip in self.clips
            for index, caption in clip.captions.items()
            if caption in found
        ]

    def failure_lines(self) -> list[str]:
        """Return which captions have no rewrite, and why: some, and where all are."""
        failures = self._failures()
        lines = [
            f"{failure['file']} caption {failure['index']} ({failure['caption']!r}) has no "
            f"rewrite: {failure['reason']}"
            for failure in failures[:_MOST_SHOWN]
        ]
        return [
            *lines,
            f"{counted(len(failures), 'caption')} without a rewrite; all of them are in "
            f"{self.folder.folder / RECORD}; the same command tries them again",
        ]


def _published_lines(dataset: str, record: Mapping[str, Any]) -> list[str]:
    if (published := record["num_pairs_published"]) is None:
        return []
    return [
        f"published for {dataset}: {published} oral pairs; made here: {record['num_pairs']}, "
        f"{record['num_rewrites']} for each caption of each clip, mirrored clips apart"
    ]


def _show(content: Mapping[str, Any], lines: Sequence[str], as_json: bool) -> None:
    typer.echo(json.dumps(content, indent=1, ensure_ascii=False) if as_json else "\n".join(lines))
