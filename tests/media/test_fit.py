"""A picture is made to fit a platform: smaller where it must be, never larger, and always in the same way."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from campaign.core.errors import Invalid
from campaign.media.images import Taken, fit_image
from campaign.media.library import Library


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


FRAMES = [Image.new("L", (20, 10), shade) for shade in (0, 255)]
MOVING = saved(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:])
PNG = saved(Image.new("RGB", (60, 40), "blue"), "PNG")


def noise(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    return Image.effect_noise(size, 90).convert(mode)


def test_a_picture_that_fits_is_left_alone(take: Callable[[str, bytes], Taken], library: Library) -> None:
    medium = take("a.png", PNG).medium

    assert medium is fit_image(medium, library)
    assert medium is fit_image(medium, library, len(PNG), 2400, {"image/png"})


def test_a_large_picture_is_made_to_fit(take: Callable[[str, bytes], Taken], library: Library) -> None:
    medium = take("a.png", saved(noise((900, 600)), "PNG")).medium
    fitted = fit_image(medium, library, 40_000, 200_000, {"image/jpeg", "image/png"})

    assert fitted.size <= 40_000
    assert (fitted.width or 0) * (fitted.height or 0) <= 200_000
    assert fitted.mime in {"image/jpeg", "image/png"}
    assert pytest.approx((fitted.width or 0) / (fitted.height or 1), rel=0.02) == 1.5
    assert fitted == fit_image(medium, library, 40_000, 200_000, {"image/jpeg", "image/png"})


def test_a_photograph_changes_its_type_before_it_loses_its_size(
    take: Callable[[str, bytes], Taken], library: Library
) -> None:
    fitted = fit_image(take("a.png", saved(noise((900, 600)), "PNG")).medium, library, max_bytes=300_000)

    assert (fitted.mime, fitted.width, fitted.height) == ("image/jpeg", 900, 600)


def test_another_type_is_chosen_where_its_own_is_not_taken(
    take: Callable[[str, bytes], Taken], library: Library
) -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    fitted = fit_image(take("a.png", saved(clear, "PNG")).medium, library, mimes={"image/jpeg"})

    assert (fitted.mime, fitted.width, fitted.height) == ("image/jpeg", 40, 40)
    with Image.open(library.path(fitted.sha256)) as image:
        assert image.getpixel((20, 20)) == (255, 255, 255)


def test_what_cannot_be_made_to_fit_is_refused(take: Callable[[str, bytes], Taken], library: Library) -> None:
    with pytest.raises(Invalid, match="cannot be made to fit"):
        fit_image(take("a.png", PNG).medium, library, max_bytes=20)
    with pytest.raises(Invalid, match="is an animation"):
        fit_image(take("a.gif", MOVING).medium, library, max_bytes=20)
    with pytest.raises(Invalid, match="not a picture"):
        fit_image(library.put(BytesIO(b"hello"), mime="video/mp4"), library, max_bytes=2)
