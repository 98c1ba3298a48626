import pytest

from audiomotion.errors import ConfigError
from audiomotion.orchestrate.submitting.environment import job_environment, kept_back

SECRETS = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "MLFLOW_TRACKING_PASSWORD": "c",
    "HF_TOKEN": "d",
    "RAY_AUTH_TOKEN": "e",
}
PLACES = {"MLFLOW_TRACKING_URI": "http://head:5000", "AWS_ENDPOINT_URL": "http://minio:9000"}


def test_places_are_passed_and_nothing_else() -> None:
    given = {**SECRETS, **PLACES, "HOME": "/home/me", "PATH": "/bin", "HF_HOME": "/home/me/hf"}
    assert job_environment(given, "s3://b/p", "/data", "amx-x-1") == {
        **PLACES,
        "AMX_STORE": "s3://b/p",
        "AMX_DATA_ROOT": "/data",
        "AMX_JOB": "amx-x-1",
        "RAY_JOB_STOP_WAIT_TIME_S": "30",
    }


def test_secrets_that_nodes_need_are_named_without_their_values() -> None:
    assert kept_back({**SECRETS, **PLACES}) == sorted(SECRETS.keys() - {"RAY_AUTH_TOKEN"})


@pytest.mark.parametrize(
    ("variables", "store", "named"),
    [
        ({"MLFLOW_TRACKING_URI": "http://me:pw@head:5000"}, "/s", "MLFLOW_TRACKING_URI"),
        ({}, "s3://key:pw@bucket/path", "AMX_STORE"),
    ],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(variables, store, named) -> None:
    with pytest.raises(ConfigError, match=named) as refusal:
        job_environment(variables, store, None, "amx-x-1")
    assert "pw" not in str(refusal.value)
