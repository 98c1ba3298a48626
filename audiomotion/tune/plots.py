"""Everything that is drawn of a search."""

from dataclasses import asdict
from pathlib import Path

from audiomotion.files import write_atomic
from audiomotion.report.plot_style import PlotFormat
from audiomotion.report.search.contour_plot import contour_plot
from audiomotion.report.search.found import found_search
from audiomotion.report.search.front_plot import front_plot
from audiomotion.report.search.history_plot import history_plot
from audiomotion.report.search.importance_plot import importance_plot
from audiomotion.tune.record import TuneRecord


def plots_of(record: TuneRecord, form: PlotFormat = "png") -> dict[str, bytes]:
    """Return every plot that can be drawn of a search, by name."""
    from audiomotion.tune.importance import importances

    search = found_search(asdict(record))
    names = search.objectives
    contours = {
        "contour" if len(names) == 1 else f"contour-{name}": contour_plot(search, place, form)
        for place, name in enumerate(names)
    }
    drawn = contours | {
        "history": history_plot(search, form),
        "front": front_plot(search, form),
        "importance": importance_plot(search, importances(record), form),
    }
    return {name.replace(" ", ""): picture for name, picture in drawn.items() if picture}


def write_plots(record: TuneRecord, folder: Path, form: PlotFormat = "png") -> list[Path]:
    """Write every plot of a search into a folder; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, picture in plots_of(record, form).items():
        path = folder / f"{name}.{form}"
        write_atomic(path, lambda file, content=picture: file.write(content))  # type: ignore[misc]
        written.append(path)
    return written
