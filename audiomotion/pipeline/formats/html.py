"""A page that plays one motion with its instruction: the viewer of reports, for one system."""

from collections.abc import Mapping

from markupsafe import Markup

from audiomotion.config.exporters import HtmlConfig
from audiomotion.pipeline.formats.base import Exporter
from audiomotion.pipeline.motion import GeneratedMotion
from audiomotion.report.page.audio import samples_uri
from audiomotion.report.page.motions import described, packed, skeleton_record
from audiomotion.report.page.page import whole_page
from audiomotion.report.page.sections import Section
from audiomotion.report.page.templating import rendered
from audiomotion.report.page.viewer import embedded
from audiomotion.speech.audio_file import SAMPLE_RATE_HZ

_NAME = "generated"


class HtmlExporter(Exporter[HtmlConfig]):
    """One file, which asks for nothing else."""

    def files(self, motion: GeneratedMotion) -> Mapping[str, bytes]:
        """Return the page."""
        facts = [
            ("Instruction", motion.source),
            ("Length", f"{motion.seconds:.1f} s, {motion.length_from}"),
            ("Seed", str(motion.seed)),
        ]
        page = whole_page(
            "Generated motion",
            motion.source,
            facts,
            [Section("motions", "Motion", _viewer(motion))],
        )
        return {".html": page.encode()}


def _viewer(motion: GeneratedMotion) -> Markup:
    words = described(motion.joints, motion.skeleton)
    heard = motion.waveform is not None and len(motion.waveform) > 0
    uri = samples_uri(motion.waveform, SAMPLE_RATE_HZ) if motion.waveform is not None else ""
    wording = {
        "text": motion.source,
        "label": "as it was heard" if heard else "as it was read",
        "uri": Markup(uri),  # letters, digits and +/= only
    }
    answer = {
        "described": f"Moving figure: {words}.",
        "note": "; ".join(motion.notes),
        "motion": packed(motion.joints),
    }
    scene = {"told": motion.source, "skeleton": motion.skeleton.name, "absent": "",
             "answers": {_NAME: answer}}  # fmt: skip
    skeletons = {motion.skeleton.name: skeleton_record(motion.skeleton)}
    return rendered(
        "viewer",
        intro="What the system made of this instruction.",
        scenes=[{"told": motion.source, "wordings": [wording], "words": [(_NAME, words)]}],
        panels=[{"key": _NAME, "name": _NAME, "about": f"seed {motion.seed}", "is_real": False}],
        data=embedded({"skeletons": skeletons, "scenes": [scene]}),
    )
