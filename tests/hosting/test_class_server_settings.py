"""The certificate that a class gets, the secrets that stay, and what the app and Caddy are told."""

import re
import ssl
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from core.errors import WorkspaceError
from core.hosting import certificate as certificates
from core.hosting.addresses import own_address, own_addresses, own_names
from core.hosting.certificate import given, hosts_of, self_signed
from core.hosting.class_server import CADDYFILE, Settings, environment_of_app, environment_of_caddy
from core.hosting.kept_secrets import cookie_secret
from core.workspace import REPOSITORY

COMPOSE = yaml.safe_load((REPOSITORY / "deploy" / "class" / "compose.yaml").read_text(encoding="utf-8"))


def test_a_certificate_is_kept_for_its_addresses_and_made_anew_for_others(tmp_path: Path) -> None:
    first = self_signed(tmp_path, ["localhost", "192.168.1.7"])
    assert first.made and hosts_of(first.certificate) == {"localhost", "192.168.1.7"}
    again = self_signed(tmp_path, ["192.168.1.7"])
    assert not again.made and again.fingerprint == first.fingerprint
    other = self_signed(tmp_path, ["192.168.1.8"])
    assert other.made and other.fingerprint != first.fingerprint
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(other.certificate, other.key)


def test_a_certificate_is_renewed_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "_DAYS", 10)
    first = self_signed(tmp_path, ["localhost"])
    assert self_signed(tmp_path, ["localhost"]).fingerprint != first.fingerprint


def test_only_the_servers_user_reads_the_secrets(tmp_path: Path) -> None:
    secret = cookie_secret(tmp_path)
    assert len(secret) == 64 and cookie_secret(tmp_path) == secret
    self_signed(tmp_path, ["localhost"])
    assert stat.S_IMODE((tmp_path / "server").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "server").iterdir()} == {0o600}


def test_a_key_that_does_not_belong_to_the_certificate_is_refused(tmp_path: Path) -> None:
    one, two = self_signed(tmp_path / "1", ["localhost"]), self_signed(tmp_path / "2", ["localhost"])
    assert given(one.certificate, one.key).fingerprint == one.fingerprint
    with pytest.raises(WorkspaceError, match="does not belong"):
        given(one.certificate, two.key)
    with pytest.raises(WorkspaceError, match="must be a PEM file"):
        given(one.key, one.key)


def test_a_certificate_that_has_ended_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "_DAYS", 1)
    monkeypatch.setattr(certificates, "_SKEW", timedelta(days=2))
    old = self_signed(tmp_path, ["localhost"])
    with pytest.raises(WorkspaceError, match="ended on"):
        given(old.certificate, old.key)


def test_own_addresses_lead_to_this_computer_from_outside() -> None:
    assert not [one for one in own_addresses() if one.startswith(("127.", "169.254."))]
    assert own_address() in (*own_addresses(), *own_names())
    assert "localhost" in own_names()


def settings(root: Path, **changes: object) -> Settings:
    values = {"root": root, "host": "10.0.0.2", "port": 8501, "certificate": self_signed(root, ["localhost"])}
    more = {"name": None, "people": "class", "upload_megabytes": 300, "caddy": None}
    return Settings(**{**values, **more, **changes})  # type: ignore[arg-type]


def test_without_caddy_the_app_speaks_tls_itself(tmp_path: Path) -> None:
    told = environment_of_app(settings(tmp_path), 8501)
    assert told["STREAMLIT_SERVER_ADDRESS"] == "0.0.0.0" and "STREAMLIT_SERVER_SSL_KEY_FILE" in told
    assert told["STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION"] == told["STREAMLIT_SERVER_ENABLE_CORS"] == "true"
    assert told["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"
    assert told["STREAMLIT_SERVER_MAX_UPLOAD_SIZE"] == "300"
    assert told["RESNET_STUDIO_PEOPLE"] == "class" and told["RESNET_STUDIO_SERVER_FILES"] == "off"


def test_behind_caddy_only_caddy_reaches_the_app(tmp_path: Path) -> None:
    behind = settings(tmp_path, caddy="/usr/bin/caddy")
    told = environment_of_app(behind, 9000)
    assert told["STREAMLIT_SERVER_ADDRESS"] == "127.0.0.1" and "STREAMLIT_SERVER_SSL_KEY_FILE" not in told
    caddy = environment_of_caddy(behind, [9000])
    assert caddy["CLASS_ADDRESS"] == ":8501" and caddy["CLASS_APP"] == "127.0.0.1:9000"
    assert caddy["CLASS_TLS"].startswith('tls "') and caddy["CLASS_HSTS"] == ""
    public = environment_of_caddy(settings(tmp_path, caddy="c", certificate=None, name="a.example", port=443), [9000])
    assert public["CLASS_ADDRESS"] == "a.example" and public["CLASS_TLS"] == "" and public["CLASS_HSTS"]


def test_caddy_sends_a_browser_to_the_same_of_several_processes(tmp_path: Path) -> None:
    caddy = environment_of_caddy(settings(tmp_path, caddy="c", processes=2), [9000, 9001])
    assert caddy["CLASS_APP"] == "127.0.0.1:9000 127.0.0.1:9001"
    assert caddy["CLASS_POLICY"].startswith("lb_policy cookie ")
    assert not environment_of_caddy(settings(tmp_path, caddy="c"), [9000])["CLASS_POLICY"]


def test_several_processes_without_caddy_are_refused() -> None:
    command = [sys.executable, "-m", "core", "class-server", "--without-caddy", "--processes", "2"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "need Caddy" in done.stderr


def test_the_caddyfile_names_no_variable_that_nobody_sets() -> None:
    named = set(re.findall(r"\{\$(\w+)", CADDYFILE.read_text(encoding="utf-8")))
    assert named == set(COMPOSE["services"]["caddy"]["environment"])


def test_the_container_is_closed() -> None:
    app, caddy = COMPOSE["services"]["app"], COMPOSE["services"]["caddy"]
    for service in (app, caddy):
        assert (
            service["read_only"] and service["cap_drop"] == ["ALL"] and service["mem_limit"] and service["pids_limit"]
        )
        assert "no-new-privileges:true" in service["security_opt"]
    assert COMPOSE["networks"]["inside"]["internal"] and app["networks"] == ["inside"] and "ports" not in app
    assert app["environment"]["RESNET_STUDIO_SERVER_FILES"] == "off" and app["volumes"] == ["studio:/data"]
    assert not app["user"].startswith("0")


def test_a_certificate_without_its_key_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "core", "class-server", "--certificate", "a.pem"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "belong together" in done.stderr
