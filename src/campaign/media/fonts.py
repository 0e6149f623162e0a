"""The two typefaces of all our languages: Noto Sans for what it has, Noto Sans KR for the rest, above all Hangul."""

from functools import lru_cache
from importlib import resources
from io import BytesIO
from itertools import groupby

from PIL import ImageFont

from campaign.core.errors import CampaignError

FAMILIES = ("Noto Sans", "Noto Sans KR")
FILES = ("NotoSans.ttf", "NotoSansKR.otf")  # as we call them in a folder of our own


class Fonts:
    """The faces as bytes, and which characters each has; they come with the extra `fonts`.

    Raises:
        CampaignError: they are not installed.
    """

    def __init__(self, latin: str = "fontpkg_noto_sans", hangul: str = "pylopdf_fonts_ko") -> None:
        try:
            self.files = (
                (resources.files(latin) / "files" / "NotoSans[wdth,wght].ttf").read_bytes(),
                (resources.files(hangul) / "NotoSansKR-Regular.otf").read_bytes(),
            )
        except (ModuleNotFoundError, FileNotFoundError):
            raise CampaignError(
                "the fonts for pictures and captions are not here: pip install 'campaign[fonts]'"
            ) from None
        self._cuts: dict[tuple[int, float, int], ImageFont.FreeTypeFont] = {}
        self._known: dict[str, tuple[int, ...]] = {}

    def having(self, char: str) -> tuple[int, ...]:
        """Return which of the two have a character: what they lack they show as they show U+FFFF, a box."""
        if char not in self._known:
            cuts = [self.cut(number, 40, 400) for number in range(len(self.files))]
            self._known[char] = tuple(
                number for number, font in enumerate(cuts) if bytes(font.getmask(char)) != bytes(font.getmask("\uffff"))
            )
        return self._known[char]

    def runs(self, words: str) -> list[tuple[int, str]]:
        """Split words into stretches of one typeface; a character that none has is an error, never an empty box."""
        uses: list[int] = []
        for char, after in zip(words, words[1:] + " ", strict=True):
            having = self.having(char)
            if not having:
                raise CampaignError(f"no font of ours has the character {char!r} (U+{ord(char):04X})")
            # A space between two Korean words is Korean, so that a line keeps its own spacing.
            korean = char == " " and uses and uses[-1] == 1 and 0 not in self.having(after)
            uses.append(1 if korean else having[0])
        grouped = groupby(zip(uses, words, strict=True), key=lambda pair: pair[0])
        return [(use, "".join(char for _, char in pairs)) for use, pairs in grouped]

    def cut(self, number: int, size: float, weight: int) -> ImageFont.FreeTypeFont:
        """Return a face at a size in pixels; the Korean one has one weight."""
        key = number, size, weight
        if key not in self._cuts:
            self._cuts[key] = font = ImageFont.truetype(BytesIO(self.files[number]), size)
            if number == 0:
                axes = {b"Weight": weight, b"Width": 100}
                font.set_variation_by_axes([axes.get(axis["name"] or b"", 100) for axis in font.get_variation_axes()])
        return self._cuts[key]


fonts = lru_cache(maxsize=1)(Fonts)
