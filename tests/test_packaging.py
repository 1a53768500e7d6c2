"""What is shipped installs where nothing is, by pip, pipx and uv, and works there."""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PATIENCE = 900


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The wheel and the source archive, built from this tree."""
    out = tmp_path_factory.mktemp("dist")
    build = [BIN / "uv", "build", "--quiet", "--no-build-isolation", "--python", sys.executable, "--out-dir", out, ROOT]
    subprocess.run(build, check=True, timeout=110)
    (wheel,), (archive,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, archive


def test_the_wheel_holds_the_package_and_nothing_else(shipped):
    with zipfile.ZipFile(shipped[0]) as wheel:
        names = wheel.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"sidelight"}
    for needed in ("sidelight/py.typed", "sidelight/hook.py", "sidelight/bridge.py"):
        assert needed in names
    assert any(name.endswith(".data/scripts/sidelight") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_source_archive_holds_what_is_needed_to_build_test_and_read_it(shipped):
    with tarfile.open(shipped[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in (
        "README.md CHANGELOG.md LICENSE Makefile Containerfile pyproject.toml requirements/run.txt scripts/setup "
        "docs/index.md docs/conf.py docs/reference.py examples/flag_server.py launch/sidelight tests/test_packaging.py "
        "plugin/.mcp.json .claude-plugin/marketplace.json"
    ).split():
        assert needed in names, needed
    assert not any("__pycache__" in name or name.startswith(("build/", ".venv/")) for name in names)


def test_no_file_that_is_shipped_names_a_registry():
    for file in ("requirements/run.txt", "requirements/dev.txt", "pyproject.toml"):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert "index-url" not in text.replace("--(extra-)?index-url", "")
        assert "files.pythonhosted" not in text


def test_the_page_lists_what_an_install_pulls():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    assert block is not None
    for name in re.findall(r'"([a-z][a-z-]*)', block[1]):
        assert name in page, name
    for extra in ("server", "mcp", "postgres", "all"):
        assert f"sidelight[{extra}]" in page


def test_the_page_lists_all_that_an_install_without_extras_pulls_and_no_more():
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `sidelight` \| (.*) \|$", page, re.MULTILINE)
    assert set(re.findall(r"[a-z][a-z-]+", row)) - {"with"} == pulled_by("sidelight")


def pulled_by(name):
    """Everything that a package needs, and what that needs, without extras, on this machine."""
    found: set[str] = set()
    for text in metadata.requires(name) or ():
        one = Requirement(text)
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            found |= {one.name.lower().replace("_", "-")} | pulled_by(one.name)
    return found


def test_the_container_is_made_of_what_is_there():
    """It cannot be built where there is no engine, but what it copies and runs can be looked up."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    assert "COPY . ." in text
    for source in re.findall(r"^COPY --from=build (\S+)", text, re.MULTILINE):
        made = source == "/wheel" and "--wheel-dir /wheel" in text
        assert made or (ROOT / source.removeprefix("/build/")).is_file(), source
    (base,) = set(re.findall(r"^FROM \S+/python:([\d.]+)-slim", text, re.MULTILINE))
    assert f"Python :: {base}" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (command,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    given = json.loads(command)
    helps = run(dict(os.environ), BIN / "sidelight", given[0], "--help")
    assert all(word in helps for word in given if word.startswith("--"))


# ── installing it ──


def clean(tmp_path):
    """An environment with an empty home, that knows from where the machine's packages come and no more."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON", "XDG_"))}
    config = Path.home() / ".config" / "pip" / "pip.conf"
    more = {"PIP_CONFIG_FILE": str(config)} if config.exists() and "PIP_CONFIG_FILE" not in env else {}
    home = tmp_path / "empty"
    home.mkdir()
    return {
        **env,
        **more,
        "HOME": str(home),
        "CI": "true",
        "UV_SYSTEM_CERTS": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def run(env, *command):
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def works(env, sidelight):
    """It says its version, and the story of the demo comes out well."""
    assert run(env, sidelight, "--version").startswith("sidelight ")
    assert json.loads(run(env, sidelight, "demo", "--json"))["toldBoth"] is True


@pytest.mark.long
@pytest.mark.parametrize("which", [0, 1], ids=["wheel", "source archive"])
def test_pip_installs_it_and_it_is_light(shipped, tmp_path, which):
    env = clean(tmp_path)
    run(env, sys.executable, "-m", "venv", tmp_path / "v")
    run(env, tmp_path / "v" / "bin" / "pip", "install", "--quiet", shipped[which])
    works(env, tmp_path / "v" / "bin" / "sidelight")
    listed = json.loads(run(env, tmp_path / "v" / "bin" / "pip", "list", "--format", "json"))
    names = {one["name"].lower().replace("_", "-") for one in listed} - {"pip", "setuptools", "sidelight"}
    assert names == {"rich", "markdown-it-py", "mdurl", "pygments", "tomlkit", "tree-sitter", "tree-sitter-bash"}


@pytest.mark.long
def test_uv_installs_it_as_a_tool(shipped, tmp_path):
    env = {**clean(tmp_path), "UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    run(env, BIN / "uv", "tool", "install", "--quiet", "--python", sys.executable, shipped[0])
    works(env, tmp_path / "bin" / "sidelight")


@pytest.mark.long
def test_pipx_installs_it_with_its_extras(shipped, tmp_path):
    env = {**clean(tmp_path), "PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
    run(env, sys.executable, "-m", "venv", tmp_path / "v")
    run(env, tmp_path / "v" / "bin" / "pip", "install", "--quiet", "pipx")
    run(env, tmp_path / "v" / "bin" / "pipx", "install", "--python", sys.executable, f"{shipped[0]}[server,mcp]")
    works(env, tmp_path / "bin" / "sidelight")
    assert json.loads(run(env, tmp_path / "bin" / "sidelight", "server", "status", "--json")) == {"running": False}
