"""The other way to install it: a wheel, in an environment that has no checkout beside it."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without a network, from a copy of what is part of the project."""
    source, dist = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("src", "migrations"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "-w", str(dist), str(source)], check=True, capture_output=True)
    [made] = dist.glob("campaign-*.whl")
    return made


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel where the packages of this environment can be seen, but not its editable campaign."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    seen = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    [packages] = home.glob("lib/python*/site-packages")
    # Paths named in a .pth are searched after site-packages, and no .pth inside them is read: no editable install.
    (packages / "beside.pth").write_text("\n".join(sorted(seen)) + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
    install = ["install", "-q", "--no-deps", "--no-index", "--ignore-installed", str(wheel)]
    subprocess.run([*pip, *install], check=True, capture_output=True)
    return home / "bin"


def test_the_wheel_holds_what_it_needs_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        [metadata] = [opened.read(name).decode() for name in names if name.endswith(".dist-info/METADATA")]

    def below(folder: Path, to: str) -> set[str]:
        files = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
        kept = (file.relative_to(folder).as_posix() for file in files)
        return {f"{to}/{name}" for name in kept if not any(part.startswith(".") for part in name.split("/"))}

    assert set() == below(ROOT / "src" / "campaign", "campaign") - names
    assert set() == below(ROOT / "migrations", "campaign/_migrations") - names
    assert {"campaign/demo/journey.yaml", "campaign/sandbox/templates/frame.html"} <= names
    assert any(name.startswith("campaign/_migrations/versions/0001") for name in names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {"campaign"} == {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert [] == [name for name in names if "test" in Path(name).name or name.endswith((".pyc", ".db", ".lock"))]
    assert "License-Expression: Apache-2.0" in metadata
    assert "Provides-Extra: postgres" in metadata


def test_an_installed_wheel_finds_its_migrations(bin_folder: Path, tmp_path: Path) -> None:
    where = "import campaign, campaign.store.schema as s; print(campaign.__file__)"
    assert str(bin_folder.parent) in _run(bin_folder / "python", "-c", where, cwd=tmp_path)
    making = "from campaign import bootstrap, config; print(bootstrap.init(config.load_settings(dir='made')))"
    _run(bin_folder / "python", "-c", making, cwd=tmp_path)

    assert (tmp_path / "made" / "campaign.db").is_file()


def test_an_installed_wheel_has_the_command(bin_folder: Path, tmp_path: Path) -> None:
    assert "campaign" in _run(bin_folder / "campaign", "--help", cwd=tmp_path)
    _run(bin_folder / "campaign", "init", "--dir", "made", cwd=tmp_path)

    assert (tmp_path / "made" / "campaign.db").is_file()
    assert 0o700 == (tmp_path / "made" / "keys").stat().st_mode & 0o777


def _run(*command: str | Path, cwd: Path) -> str:
    # Only what a login shell has: nothing of the checkout, nothing of the test's own environment.
    environ = {"HOME": str(cwd), "PATH": os.defpath, "LANG": "C.UTF-8"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
