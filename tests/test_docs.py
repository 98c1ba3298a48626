import re
import shlex
import shutil
import warnings
from pathlib import Path

from tests.cli.command_line import amx, train
from tests.models.official_files import write_folder, write_glove

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


OFFICIAL_FOLDERS = {
    "rvq_nq6_dc512_nc512_noshare_qdp0.2": "rvq",
    "t2m_nlayer8_nhead6_ld384_ff1024_cdp0.1_rvq6ns": "masked",
    "tres_nlayer8_ld384_ff1024_rvq6ns_cdp0.2_sw": "residual",
    "length_estimator": "length",
    "text_mot_match": "evaluator",
}


def test_the_import_commands_of_the_page_work(tmp_path: Path, monkeypatch) -> None:
    """All but ImageBind's, whose file would be hundreds of megabytes."""
    (tmp_path / "checkpoints" / "t2m").mkdir(parents=True)
    for name, part in OFFICIAL_FOLDERS.items():
        made = write_folder(tmp_path / "made", part, "humanml3d")
        made.rename(tmp_path / "checkpoints" / "t2m" / name)
    write_glove(tmp_path / "glove")
    monkeypatch.chdir(tmp_path)
    commands = shell_lines("checkpoints.md")
    assert len(commands) == 6
    for command in commands:
        if "imagebind" not in command:
            ended = amx(*shlex.split(command)[1:])
            assert ended.code == 0, ended.err


def test_the_planning_page_s_command_prints_what_the_page_says(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (command,) = shell_lines("planning.md")
    ended = amx(*shlex.split(command)[1:])
    assert ended.code == 0
    assert "6 arms × 5 seeds, 96 stages instead of" in ended.out
    assert "time unknown before a first run" in ended.out


def shell_lines(page: str) -> list[str]:
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_the_page_s_way_from_a_voice_to_files_works(tmp_path: Path, monkeypatch) -> None:
    """All but training the demo, which takes minutes: a tiny launch stands in for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AMX_STORE", str(tmp_path / "amx-store"))
    assert train(tmp_path / "amx-store").code == 0
    spoken = sorted((tmp_path / "amx-store").rglob("artifacts/speak/*/wav/*/*.wav"))
    (tmp_path / "recordings").mkdir()
    for target in ("voice.wav", "recordings/other.wav"):
        shutil.copyfile(spoken[0], tmp_path / target)
    commands = [line.replace("demo", "tiny") for line in shell_lines("generate.md")]
    assert commands[0] == "amx train tiny --executor local"
    for command in commands[1:]:
        ended = amx(*shlex.split(command)[1:])
        assert ended.code == 0, ended.err
    text = (CHECKOUT / "docs" / "generate.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the text is spoken first
        exec(program, {})
    made = {path.name for path in tmp_path.iterdir()} | {p.name for p in Path("motions").iterdir()}
    assert {"voice.bvh", "voice.glb", "other-seed2.npy", "text-1-seed0.features.npy"} <= made
