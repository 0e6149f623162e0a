"""Small clips for the tests, made by FFmpeg itself."""

import subprocess
from pathlib import Path

from campaign.media.ffmpeg import find_ffmpeg

WORDS = {"ko": "안녕하세요", "ru": "Здравствуйте", "en": "Hello"}


def make(file: Path, *arguments: str) -> Path:
    """Run FFmpeg with these arguments; the result is `file`."""
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-y", *arguments, str(file)]
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL)
    return file


def clip_file(
    file: Path,
    *more: str,
    seconds: float = 1.0,
    size: str = "160x90",
    codec: str = "libx264",
    sound: str | None = "aac",
    fast: bool = True,
) -> Path:
    """Make a clip that goes out as it is, unless told otherwise."""
    film = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10:duration={seconds}"]
    noise = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"] if sound else []
    how = ["-c:v", codec, "-pix_fmt", "yuv420p", *(["-c:a", sound] if sound else [])]
    how += ["-preset", "ultrafast"] if codec == "libx264" else []
    how += ["-movflags", "+faststart"] if fast else []
    return make(file, *film, *noise, *how, *more)


def vtt_file(file: Path, words: str, *, end: str = "00:00.900") -> Path:
    """Write captions of one cue."""
    file.write_text(f"WEBVTT\n\n00:00.100 --> {end}\n{words}\n", encoding="utf-8")
    return file
