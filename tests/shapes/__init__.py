"""Reference platforms: of a shape that no platform here has yet. They come in by the door for other packages."""

import sys
from pathlib import Path

from campaign import platforms

POINTS = "[campaign.platforms]\nhandle = tests.shapes.handle:Adapter\n"


def bring(folder: Path) -> None:
    """Install them, as a package would: a folder on sys.path that says what it brings. Once per process."""
    about = folder / "reference_shapes-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: reference-shapes\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(POINTS, encoding="utf-8")
    sys.path.insert(0, str(folder))
    platforms.forget()


def take_away(folder: Path) -> None:
    """Undo bring()."""
    sys.path.remove(str(folder))
    platforms.forget()
