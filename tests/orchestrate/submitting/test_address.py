import pytest

from audiomotion.errors import ClusterError, ConfigError
from audiomotion.orchestrate.submitting.address import (
    Address,
    chosen_address,
    find_token,
    read_address,
    refused,
)

HERE, THERE = "http://127.0.0.1:8265", "http://head.example:8265"


def test_without_an_address_everything_runs_here() -> None:
    assert chosen_address(None, {}) == (None, "")
    assert chosen_address(None, {"RAY_ADDRESS": ""}) == (None, "")


@pytest.mark.parametrize("variable", ["RAY_ADDRESS", "RAY_API_SERVER_ADDRESS"])
def test_the_environment_is_followed_and_said(variable: str) -> None:
    assert chosen_address(None, {variable: THERE}) == (THERE, f"{variable}: {THERE}")


def test_an_option_wins_over_the_environment_and_a_difference_is_said() -> None:
    url, notice = chosen_address(HERE, {"RAY_ADDRESS": THERE})
    assert url == HERE
    assert notice == f"--address {HERE} is used, not RAY_ADDRESS {THERE}"
    assert chosen_address(HERE, {"RAY_ADDRESS": f"{HERE}/"}) == (HERE, "")


def test_a_job_never_submits_itself() -> None:
    assert chosen_address(HERE, {"AMX_JOB": "amx-x-1", "RAY_ADDRESS": THERE}) == (None, "")


@pytest.mark.parametrize("url", ["auto", "local", "head:6379", "ray://head:10001", "http://"])
def test_what_is_no_job_server_is_a_mistake(url: str) -> None:
    with pytest.raises(ConfigError, match="is no job server; give http://HEAD:8265"):
        read_address(url, {})


def test_plain_http_to_another_machine_needs_a_token(tmp_path) -> None:
    with pytest.raises(ClusterError, match="ray get-auth-token") as refusal:
        read_address(THERE, {"HOME": str(tmp_path)})
    assert "ssh -L 8265:localhost:8265 head.example" in str(refusal.value)
    disabled = {"RAY_AUTH_MODE": "disabled", "RAY_AUTH_TOKEN": "secret"}
    with pytest.raises(ClusterError):
        read_address(THERE, disabled)


@pytest.mark.parametrize("url", [HERE, "http://localhost:1", "http://[::1]:8265", "https://a.b"])
def test_loopback_and_https_need_none(url: str, tmp_path) -> None:
    assert read_address(url, {"HOME": str(tmp_path)}) == Address(url, None)


def test_a_token_is_found_where_ray_finds_it(tmp_path) -> None:
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("of-home\n")
    (tmp_path / "file").write_text("of-file\n")
    home = {"HOME": str(tmp_path)}
    file = {"RAY_AUTH_TOKEN_PATH": str(tmp_path / "file"), **home}
    assert find_token(home) == "of-home"
    assert find_token(file) == "of-file"
    assert find_token({"RAY_AUTH_TOKEN": "of-variable", **file}) == "of-variable"
    assert find_token({"HOME": str(tmp_path / "nobody")}) is None
    with pytest.raises(ConfigError, match="RAY_AUTH_TOKEN_PATH"):
        find_token({"RAY_AUTH_TOKEN_PATH": str(tmp_path / "nothing")})


def test_a_token_is_sent_and_a_path_kept() -> None:
    address = read_address("https://proxy/ray/", {"RAY_AUTH_TOKEN": "abc"})
    assert address.url == "https://proxy/ray"
    assert address.headers == {"Authorization": "Bearer abc"}
    assert not address.is_loopback


def test_a_password_in_an_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="no user or password"):
        read_address("http://me:pw@127.0.0.1:8265", {})


def test_a_refusal_says_whether_the_token_is_missing_or_wrong() -> None:
    assert "wants a token" in str(refused(Address(HERE, None), 401))
    assert "does not take this token" in str(refused(Address(HERE, "x"), 403))
