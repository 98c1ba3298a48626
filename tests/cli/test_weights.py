"""Nothing is fetched before its size and licence were shown."""

import io

import pytest

from audiomotion.cli.weights import confirm_weights
from audiomotion.config.resolve import resolve
from audiomotion.config.schema import PartSchema
from audiomotion.errors import ConfigError


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


def request(*sets: str, weights: str = "pretrained") -> list[PartSchema]:
    arms = resolve("demo", sets=sets, weights=weights)
    return [part for arm in arms for part in (arm.experiment.encoder, arm.experiment.speech)]


def test_what_has_no_weights_is_not_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    confirm_weights(request(), yes=False)
    confirm_weights(request("extractor={name: wavlm}", weights="random"), yes=False)
    assert capsys.readouterr().err == ""


def test_size_and_licence_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    confirm_weights(request("extractor={name: encodec}"), yes=False)  # nobody there to ask
    shown = capsys.readouterr().err
    assert "facebook/encodec_24khz" in shown
    assert "MIT" in shown and "MB" in shown


@pytest.mark.parametrize(("answer", "goes_on"), [("y\n", True), ("\n", True), ("n\n", False)])
def test_on_a_terminal_there_is_a_question(
    answer: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    if goes_on:
        confirm_weights(request("extractor={name: wavlm}"), yes=False)
    else:
        with pytest.raises(ConfigError, match="--weights random"):
            confirm_weights(request("extractor={name: wavlm}"), yes=False)


def test_yes_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(""))
    confirm_weights(request("extractor={name: wavlm}"), yes=True)
