"""Make the embedded data set: plan the combinations, perform them, put them into words."""

from pathlib import Path

import numpy as np

from audiomotion.config.datasets import DemoConfig
from audiomotion.data.dataset import Dropped, Progress, RawClip, RawDataset
from audiomotion.data.demo.captions import write_captions
from audiomotion.data.demo.performance import perform
from audiomotion.data.demo.plan import PlannedClip, plan_clips
from audiomotion.motion.representation import joints_to_features
from audiomotion.motion.skeleton import HUMANML3D_22
from audiomotion.seeds import derive_seed


def build_demo(config: DemoConfig, root: Path | None, progress: Progress) -> RawDataset:
    """Make `config.num_clips` clips from `config.seed`; `root` is not read.

    The same configuration gives the same bytes. Clips whose number of frames the configuration
    does not allow are dropped.
    """
    clips: list[RawClip] = []
    dropped: list[Dropped] = []
    planned = plan_clips(config.num_clips, np.random.default_rng(derive_seed("demo", config.seed)))
    for index, clip in enumerate(planned):
        made = _make(config, index, clip)
        frames = len(made.features)
        if config.min_frames <= frames < config.max_frames:
            clips.append(made)
        else:
            dropped.append(Dropped(made.name, _reason(frames, config)))
        progress(index + 1, len(planned))
    return RawDataset(HUMANML3D_22, clips, dropped)


def _reason(frames: int, config: DemoConfig) -> str:
    return f"{frames} frames; {config.min_frames} to {config.max_frames - 1} are kept"


def _make(config: DemoConfig, index: int, clip: PlannedClip) -> RawClip:
    # Motion and words draw from generators of their own: more captions leave the motion alone.
    motion_rng, word_rng = (
        np.random.default_rng(derive_seed("demo", config.seed, index, part))
        for part in ("motion", "words")
    )
    joints = perform(clip.moves, motion_rng)
    features = joints_to_features(joints, HUMANML3D_22, retarget=False, continuous_yaw=True)
    captions = write_captions(clip.moves, config.captions_per_clip, word_rng)
    return RawClip(f"demo_{index:05d}", clip.split, features, tuple(captions), clip.group)
