"""Draws the demo's two clips: a few layers by Pillow, moved by FFmpeg; nine seconds each, with a quiet tone."""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from math import pi, sin
from pathlib import Path

from PIL import Image, ImageDraw

from campaign.core.errors import CampaignError, NotFound
from campaign.demo.draw import BLUE, BRASS, CITIES, DOT, GOLD, JOURNEY, MARGIN, NAVY, SKY, WHITE, WIDTH, Canvas
from campaign.media.captions import Cue, write_captions
from campaign.media.clips import MP4, PLAIN, working_folder
from campaign.media.ffmpeg import THREADS, run
from campaign.media.library import MIB

SECONDS, RATE = 9, 25
SIZE = 1280, 720
FINE = 3  # drawn this much larger: smooth edges
# Colour, how high and how long its waves are, where its middle stands, and how fast it runs: pixels of the film.
CRESTS: Sequence[tuple[str, int, int, int, int]] = (
    ("#BBDDF2", 26, 640, 400, 40),
    ("#85C0E6", 24, 560, 446, -56),
    ("#4A97CF", 22, 480, 496, 72),
    ("#1F6CB0", 20, 400, 548, -88),
    ("#124A86", 18, 340, 602, 104),
)

Layers = dict[str, bytes]  # file → PNG


def film(name: str, file: Path) -> None:
    """Draw a clip (a key of FILMS) and write it as MP4: H.264 and AAC, ready to go out as it is.

    Raises:
        NotFound: there is no such clip.
        Invalid: there is no FFmpeg.
        CampaignError: the fonts are missing, or FFmpeg failed.
    """
    if name not in FILMS:
        raise NotFound("clip", name, "one of " + ", ".join(FILMS))
    layers, moves, sound = FILMS[name]()
    with working_folder() as folder:
        inputs: list[str] = []
        for layer, data in layers.items():
            (folder / layer).write_bytes(data)
            inputs += ["-framerate", str(RATE), "-f", "image2", "-i", layer]
        inputs += ["-f", "lavfi", "-i", sound]
        # Each layer is read and converted once; the loop repeats the frame, not the work.
        still = "".join(
            f"[{number}:v]format={'yuva420p' if number else 'yuv420p'},loop=loop=-1:size=1[l{number}];"
            for number in range(len(layers))
        )
        graph = [
            "-filter_complex_threads",
            THREADS,
            "-filter_complex",
            still + moves,
            "-map",
            "[film]",
            "-map",
            f"{len(layers)}:a",
        ]
        how = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-threads", THREADS, "-r", str(RATE)]
        how += [
            "-c:a",
            "aac",
            "-b:a",
            "96k",
            "-t",
            str(SECONDS),
            *PLAIN,
            "-flags:v",
            "+bitexact",
            "-flags:a",
            "+bitexact",
        ]
        done = run([*inputs, *graph, *how, *MP4, "film.mp4"], folder=folder, seconds=300, max_bytes=64 * MIB, name=name)
        if not done.ok:
            raise CampaignError(f"FFmpeg could not make the clip {name}: {done.said.strip()[-400:]}")
        fresh = file.with_suffix(".part")
        fresh.write_bytes((folder / "film.mp4").read_bytes())
        fresh.replace(file)


def captions(cues: Sequence[tuple[float, float, str]]) -> bytes:
    """Return a clip's captions as WebVTT, of (start, end, text) rows."""
    return write_captions([Cue(start, end, tuple(words.split("\n"))) for start, end, words in cues])


def _title() -> tuple[Layers, str, str]:
    """Vladivostok: the railway runs by, the name comes in, then the kilometre post."""
    ground = Canvas(NAVY)
    ground.text((MARGIN, 96), JOURNEY, 24, SKY)
    for y in (628, 652):
        ground.panel((-9, y, WIDTH + 9, y + 5), 0, "#4A6A9A")
    ground.ribbon()
    sleepers = Image.new("RGBA", (SIZE[0] + 40, 42), (0, 0, 0, 0))
    pen = ImageDraw.Draw(sleepers)
    for x in range(0, sleepers.width, 40):
        pen.rounded_rectangle((x + 14, 0, x + 25, 41), 2, "#1B3560")
    words = Canvas(WHITE, clear=True)
    words.panel((MARGIN, 196, MARGIN + 72, 204), 4, GOLD)
    words.stack((MARGIN, 340), CITIES["vladivostok"][3], (112, 56), (WHITE, SKY))
    post = Canvas(GOLD, clear=True)
    post.panel((1266, 420, 1294, 632), 0, BRASS)
    post.panel((1216, 616, 1344, 636), 4, BRASS)
    post.panel((1060, 188, 1500, 480), 24, GOLD)
    post.panel((1074, 202, 1486, 466), 14, NAVY)
    post.text((1280, 366), "9288", 150, GOLD, weight=700, align="middle")
    post.text((1280, 434), "km  ·  км", 44, GOLD, align="middle")
    layers = {"ground.png": ground.png(SIZE), "sleepers.png": _png(sleepers)}
    layers |= {"words.png": words.png(SIZE), "post.png": post.png(SIZE)}
    moves = (
        "[l2]fade=in:st=0.3:d=0.9:alpha=1[words];[l3]fade=in:st=1.6:d=0.6:alpha=1[post];"
        "[l0][l1]overlay=x='-mod(120*t,40)':y=493[rail];[rail][words]overlay=x='-60*pow(max(0,1-(t-0.3)/1.2),3)':y=0[named];"
        "[named][post]overlay=x=0:y='40*pow(max(0,1-(t-1.6)/0.8),3)',format=yuv420p[film]"
    )
    return layers, moves, _tone("0.5*sin(2*PI*220*t)+0.35*sin(2*PI*277.18*t)+0.3*sin(2*PI*329.63*t)", 0.5)


def _wave() -> tuple[Layers, str, str]:
    """Baikal: the word rises out of moving water."""
    ground = Canvas("#E9F4FB")
    ground.text((MARGIN, 96), JOURNEY, 24, BLUE)
    ground.ribbon()
    words = Canvas(NAVY, clear=True)
    words.text((WIDTH / 2, 300), "바이칼호", 168, NAVY, weight=700, align="middle")
    words.text((WIDTH / 2, 404), DOT.join(("Байкал", "Baikal")), 72, BLUE, align="middle")
    layers = {"ground.png": ground.png(SIZE), "words.png": words.png(SIZE)}
    chain = ["[l0][l1]overlay=x=0:y='330*pow(max(0,1-max(0,t-0.3)/3),3)'[on0]"]
    for number, (fill, height, length, middle, speed) in enumerate(CRESTS):
        layers[f"crest{number}.png"] = _png(_crest(fill, height, length))
        x = f"-mod({speed}*t,{length})" if speed > 0 else f"-{length}+mod({-speed}*t,{length})"
        y = f"{middle - height}+6*sin(2*PI*t/{3 + number % 3}+{number})"
        chain.append(f"[on{number}][l{number + 2}]overlay=x='{x}':y='{y}'[on{number + 1}]")
    moves = ";".join(chain) + f";[on{len(CRESTS)}]format=yuv420p[film]"
    return layers, moves, _tone("0.4*sin(2*PI*174.61*t)+0.3*sin(2*PI*261.63*t)+0.25*sin(2*PI*349.23*t)", 0.33)


def _crest(fill: str, height: int, length: int) -> Image.Image:
    """Return a strip of water, one wave longer than the film is wide, so that it can run for ever."""
    width, deep = SIZE[0] + length, SIZE[1] // 2
    image = Image.new("RGBA", (width * FINE, deep * FINE), fill + "00")
    top = [(x, (height + height * sin(2 * pi * x / (length * FINE))) * FINE) for x in range(0, width * FINE + 4, 4)]
    ImageDraw.Draw(image).polygon([*top, (width * FINE, deep * FINE), (0, deep * FINE)], fill)
    return image.resize((width, deep), Image.Resampling.LANCZOS)


def _tone(chord: str, swell: float) -> str:
    """Return a soft chord that swells and fades, as FFmpeg's own source."""
    said = f"0.12*(0.6+0.4*sin(2*PI*{swell}*t))*min(1,t/1.5)*min(1,({SECONDS}-t)/2)*({chord})"
    return f"aevalsrc='{said}':s=48000:d={SECONDS}"


def _png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


FILMS: Mapping[str, Callable[[], tuple[Layers, str, str]]] = {"title_film": _title, "wave_film": _wave}
