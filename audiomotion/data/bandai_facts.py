"""What is known of single Bandai clips, and to whom the data belongs."""

MAX_FRAMES = 200
"""Readers drop clips of this many frames or more, as published."""

CROPPED_FRAMES = 196
"""Frames kept of a longer clip: the longest motion that the published models make."""

CROP_STARTS = {"dataset-1_dance-short_normal_001": 140}
"""First frame of a crop where it is not 0: this dance begins after eight seconds of standing."""

_TURNS_TO_THE_OTHER_SIDE = "turns to the other side than its label says"
_TURNS_ONCE_MORE = "turns once more at its end, which no caption says"

LEFT_OUT = {
    "dataset-1_dance-long_normal_001": "its captions tell of minutes, of which seconds can be kept",
    "dataset-1_kick_normal_001": "its captions count three kicks, of which two can be kept",
    "dataset-2_walk-turn-left_masculine_006": _TURNS_TO_THE_OTHER_SIDE,
    "dataset-2_walk-turn-left_masculine_007": _TURNS_TO_THE_OTHER_SIDE,
    "dataset-2_walk-turn-right_masculine_006": _TURNS_TO_THE_OTHER_SIDE,
    "dataset-2_walk-turn-right_masculine_007": _TURNS_TO_THE_OTHER_SIDE,
    "dataset-2_walk-turn-right_normal_004": _TURNS_ONCE_MORE,
    "dataset-2_walk-turn-right_normal_032": _TURNS_ONCE_MORE,
    "dataset-2_walk-turn-right_normal_033": _TURNS_ONCE_MORE,
    "dataset-2_walk-turn-left_normal_031": _TURNS_ONCE_MORE,
    "dataset-2_walk-turn-left_normal_032": _TURNS_ONCE_MORE,
    "dataset-2_walk-turn-left_normal_033": _TURNS_ONCE_MORE,
}
"""Clips that do not show what their captions say; each was measured and looked at."""

ATTRIBUTION = {
    "title": "Bandai-Namco-Research-Motiondataset",
    "url": "https://github.com/BandaiNamcoResearchInc/Bandai-Namco-Research-Motiondataset",
    "licence": "CC BY-NC 4.0 (not for commercial use)",
    "copyright": "(c) 2022 Bandai Namco Research Inc.",
    "citation": "Kobayashi, Liao, Inoue, Yojima, Takahashi: Motion Capture Dataset for Practical "
    "Use of AI-based Motion Editing and Stylization. arXiv:2306.08861",
    "changes": "retargeted to the 22-joint HumanML3D skeleton; resampled from 30 to 20 frames a "
    f"second; clips of {MAX_FRAMES} frames or more cropped to {CROPPED_FRAMES}; turned into motion "
    "features, whose yaw velocity keeps its sign through a half turn; captions and spoken-style "
    "rewrites of them added",
}
