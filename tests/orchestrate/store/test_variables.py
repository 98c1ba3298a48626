import pytest

from audiomotion.errors import ConfigError
from audiomotion.orchestrate.store.variables import lease_seconds, limit_bytes, mirror_folder


def test_limits_have_defaults_and_are_read(monkeypatch):
    for name in ("AMX_CACHE_GB", "AMX_LEASE_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    assert (limit_bytes(), lease_seconds()) == (50_000_000_000, 30.0)
    monkeypatch.setenv("AMX_CACHE_GB", "0.5")
    monkeypatch.setenv("AMX_LEASE_SECONDS", "2.5")
    assert (limit_bytes(), lease_seconds()) == (500_000_000, 2.5)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("AMX_CACHE_GB", "much", limit_bytes),
        ("AMX_LEASE_SECONDS", "0", lease_seconds),
        ("AMX_LEASE_SECONDS", "soon", lease_seconds),
    ],
)
def test_what_is_no_number_is_said(monkeypatch, name, value, read):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"{name} is '{value}'; it must be a number"):
        read()


def test_one_bucket_name_at_two_endpoints_has_two_mirrors(monkeypatch, tmp_path):
    monkeypatch.setenv("AMX_CACHE", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://one")
    one = mirror_folder("s3://bucket/store")
    assert one.parent == tmp_path
    assert mirror_folder("s3://bucket/store") == one
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://two")
    assert mirror_folder("s3://bucket/store") != one
