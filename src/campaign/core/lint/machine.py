"""The sentences about what a machine's translation lost, left out or guessed; service/machine.py finds it."""

from collections.abc import Mapping
from typing import Final

MACHINE: Final[Mapping[str, tuple[str, str, str]]] = {
    "lost-in-translation": (
        "원문에 있는 {value}이(가) 번역에서 빠졌습니다. 다시 넣으세요.",
        "{value} stands in the source and was lost in the translation: put it back.",
        "{value} есть в исходном тексте, но потерялось при переводе: верните.",
    ),
    "tag-left-out": (
        "{value}은(는) 용어집에 없습니다. 이 언어의 독자가 쓰는 해시태그를 적으세요.",
        "{value} is no term of the glossary: write the hashtag that readers of this language use.",
        "{value} нет в глоссарии: укажите хештег, принятый у читателей на этом языке.",
    ),
    "link-guessed": (
        "{from}에서 만든 주소입니다. 그런 페이지가 있는지 확인하세요.",
        "Made of {from}: see whether there is such a page.",
        "Адрес составлен из {from}: проверьте, есть ли такая страница.",
    ),
}
