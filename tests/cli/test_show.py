"""What is shown on a terminal."""

import pytest

from campaign.cli.show import clean


@pytest.mark.parametrize("text", ["10\u00a0кг", "8\u202fокт.", "서울　가자", "👩\u200d🚀 ❤\ufe0f", "a\tb\nc"])
def test_what_people_write_is_shown_as_it_is(text: str) -> None:
    assert text == clean(text)


@pytest.mark.parametrize("sign", ["\x1b", "\x07", "\u202e", "\u200b", "\ud800", "\x9b"])
def test_what_would_steer_a_terminal_is_not(sign: str) -> None:
    assert "서�울" == clean(f"서{sign}울")
