"""Every sentence of the pages in Korean, English and Russian; plural forms are parted by bars."""

from collections.abc import Mapping
from typing import Final

from campaign.service import package_words
from campaign.web import (
    account_words,
    compose_words,
    desk_words,
    edit_words,
    hold_words,
    platform_words,
    reason_words,
    review_words,
)

LANGS: Final = ("ko", "en", "ru")

# key: (Korean, English, Russian). Plurals: Korean one form, English one|many, Russian one|few|many.
_REPORT: Final[Mapping[str, tuple[str, str, str]]] = {
    # What languages, ages, metrics, statuses and states are called.
    "lang.ko": ("한국어", "Korean", "Корейский"),
    "lang.en": ("영어", "English", "Английский"),
    "lang.ru": ("러시아어", "Russian", "Русский"),
    "age.24h": ("게시 24시간 후", "24 hours after publishing", "через 24 часа после публикации"),
    "age.7d": ("게시 7일 후", "7 days after publishing", "через 7 дней после публикации"),
    "age.28d": ("게시 28일 후", "28 days after publishing", "через 28 дней после публикации"),
    "short.24h": ("24시간", "24 h", "24 ч"),
    "short.7d": ("7일", "7 d", "7 дн."),
    "short.28d": ("28일", "28 d", "28 дн."),
    "unit.min": ("{n}분", "{n} min", "{n} мин"),
    "unit.h": ("{n}시간", "{n} h", "{n} ч"),
    "unit.d": ("{n}일", "{n} d", "{n} дн."),
    "metric.views": ("조회", "views", "просмотры"),
    "metric.reach": ("도달", "reach", "охват"),
    "metric.reactions": ("반응", "reactions", "реакции"),
    "metric.replies": ("답글", "replies", "ответы"),
    "metric.reposts": ("재게시", "reposts", "репосты"),
    "metric.quotes": ("인용", "quotes", "цитаты"),
    "metric.saves": ("저장", "saves", "сохранения"),
    "metric.link_clicks": ("링크 클릭", "link clicks", "переходы по ссылке"),
    "status.ok": ("읽음", "read", "прочитано"),
    "status.not_offered": ("플랫폼이 제공하지 않음", "not offered by the platform", "платформа не даёт"),
    "status.not_permitted": ("읽을 권한 없음", "not permitted", "нет разрешения"),
    "status.too_new": ("아직 집계 전", "not counted yet", "ещё не посчитано"),
    "status.stale": ("오래된 값", "an older value", "старое значение"),
    "status.error": ("읽지 못함(오류)", "not read (error)", "не прочитано (ошибка)"),
    "status.expired": (
        "플랫폼이 더는 알려 주지 않음",
        "no longer told by the platform",
        "платформа больше не сообщает",
    ),
    "status.none": ("읽은 기록 없음", "never read", "не читали"),
    "state.uncertain": ("불확실", "uncertain", "неясно"),
    "state.missed": ("놓침", "missed", "пропущено"),
    "state.failed": ("실패", "failed", "ошибка"),
    "state.claimed": ("준비 중", "being prepared", "готовится"),
    "state.publishing": ("보내는 중", "being sent", "отправляется"),
    "state.processing": ("플랫폼 처리 중", "processed by the platform", "обрабатывает платформа"),
    "state.scheduled": ("예약됨", "scheduled", "запланировано"),
    "state.published": ("게시됨", "published", "опубликовано"),
    "state.cancelled": ("취소됨", "cancelled", "отменено"),
    # Counted things.
    "n.posts": ("게시물 {n}건", "{n} post|{n} posts", "{n} пост|{n} поста|{n} постов"),
    "n.publications": (
        "게시 {n}건",
        "{n} publication|{n} publications",
        "{n} публикация|{n} публикации|{n} публикаций",
    ),
    "n.pairs": ("{n}쌍", "{n} pair|{n} pairs", "{n} пара|{n} пары|{n} пар"),
    "n.readings": ("측정 {n}회", "{n} reading|{n} readings", "{n} замер|{n} замера|{n} замеров"),
    "n.gaps": ("빈 곳 {n}개", "{n} gap|{n} gaps", "{n} пробел|{n} пробела|{n} пробелов"),
    "n.deliveries": ("발송 {n}건", "{n} delivery|{n} deliveries", "{n} отправка|{n} отправки|{n} отправок"),
    # The report: head.
    "demo": ("데모 – 연습용 데이터", "demo – practice data", "демо – учебные данные"),
    "report": ("캠페인 보고서", "Campaign report", "Отчёт о кампании"),
    "as_of": ("기준 시각", "As of", "По состоянию на"),
    "as_of.none": ("아직 측정이 없습니다", "nothing was read yet", "замеров ещё нет"),
    "compared": ("비교 기준: {age}", "Compared {age}", "Сравнение: {age}"),
    "glance": ("한눈에 보기", "At a glance", "Коротко"),
    "head.posts": ("게시물", "posts", "посты"),
    "head.variants": ("언어별 글", "texts in all languages", "тексты на всех языках"),
    "head.on_time": ("제시간에 게시", "published on time", "вышло вовремя"),
    "head.on_time.note": (
        "{published}건 중 {on_time}건이 60초 안에 게시",
        "{on_time} of {published} within 60 seconds",
        "{on_time} из {published} в пределах 60 секунд",
    ),
    "head.on_time.none": ("아직 게시된 것이 없음", "nothing is published yet", "ещё ничего не опубликовано"),
    "head.readings": ("측정값", "readings", "замеры"),
    "head.interactions": ("공개 반응 합계", "public interactions in total", "публичные взаимодействия, всего"),
    "head.missing": ("빠진 측정값", "missing readings", "нет значения"),
    "head.missing.note": (
        "플랫폼이 제공하는데 값이 없는 것",
        "offered by the platform, but without a value",
        "платформа даёт, но значения нет",
    ),
    "why.growing": ("{n}건은 아직 집계 기간 중", "{n} still growing", "{n} ещё растут"),
    "why.unread": ("{n}건은 이 시점의 값 없음", "{n} without a value at this age", "{n} без значения на этот срок"),
    "why.nothing": ("게시된 것이 없음", "nothing published", "ничего не опубликовано"),
    # The report: figures.
    "curves": (
        "게시 후 시간에 따른 공개 반응",
        "Public interactions as posts grow older",
        "Публичные взаимодействия по возрасту постов",
    ),
    "curves.finding": ("{age}: {list}.", "{age}: {list}.", "{age}: {list}."),
    "curves.none": (
        "아직 그릴 값이 없습니다.",
        "There is no value to draw yet.",
        "Пока нет значений для графика.",
    ),
    "curves.cohort": (
        "선은 언어별 모든 게시의 합계입니다. 비교 시점에 이르지 않은 게시는 뺐습니다. "
        "값이 하나라도 없으면 선을 끊습니다.",
        "Each line adds up all publications in that language; those still younger than the compared age stay out. "
        "Where any value is missing, the line breaks.",
        "Линия – сумма всех публикаций на языке; те, что моложе срока сравнения, не входят. "
        "Где нет хотя бы одного значения, линия прерывается.",
    ),
    "curves.desc": (
        "가로축은 게시 후 시간(로그), 세로축은 공개 반응 합계입니다. {text}",
        "Across: age of the post, logarithmic. Up: public interactions added up. {text}",
        "По горизонтали – возраст поста (логарифм), по вертикали – сумма взаимодействий. {text}",
    ),
    "axis.age": ("게시 후 시간", "age of the post", "возраст поста"),
    "axis.interactions": ("공개 반응", "public interactions", "взаимодействия"),
    "legs": ("여정 구간별 보통 게시", "The typical post of each leg", "Обычный пост на каждом этапе"),
    "legs.desc": (
        "점은 보통 게시의 공개 반응, 선은 95% 구간입니다. {text}",
        "A dot is the typical post's public interactions, the line its 95% interval. {text}",
        "Точка – взаимодействия обычного поста, линия – интервал 95 %. {text}",
    ),
    "legs.ahead": (
        "{leg} 구간이 다른 구간보다 뚜렷이 높습니다: {value}.",
        "{leg} is clearly ahead of the other legs: {value}.",
        "{leg} заметно впереди остальных этапов: {value}.",
    ),
    "legs.overlap": (
        "구간이 서로 겹칩니다. 뚜렷이 앞선 여정 구간은 없습니다.",
        "The intervals overlap: no leg is clearly ahead.",
        "Интервалы пересекаются: ни один этап не впереди явно.",
    ),
    "legs.few": (
        "게시가 너무 적어 구간을 비교할 수 없습니다.",
        "There are too few posts to compare the legs.",
        "Постов слишком мало, чтобы сравнивать этапы.",
    ),
    "legs.note": (
        "여정 구간은 순서와 시기도 다르므로, 차이의 원인을 장소라고 볼 수 없습니다.",
        "Legs also differ in order and time, so a difference need not come from the place.",
        "Этапы различаются и порядком, и временем: разница не обязательно связана с местом.",
    ),
    "no_leg": ("구간 없음", "without a leg", "без этапа"),
    "too_few": ("비교하기에 너무 적음", "too few to compare", "слишком мало для сравнения"),
    "pairs": ("같은 게시물의 언어별 비교", "The same post in two languages", "Один пост на двух языках"),
    "pairs.desc": (
        "점은 비율, 선은 95% 구간, 세로선 ×1은 차이 없음입니다. {text}",
        "A dot is the ratio, the line its 95% interval; the upright at ×1 means no difference. {text}",
        "Точка – отношение, линия – интервал 95 %; вертикаль ×1 – нет разницы. {text}",
    ),
    "pairs.one": (
        "{first} ÷ {second}: {ratio}, {pairs} – {verdict}.",
        "{first} ÷ {second}: {ratio}, {pairs} – {verdict}.",
        "{first} ÷ {second}: {ratio}, {pairs} – {verdict}.",
    ),
    "pairs.more": ("더 많음", "more", "больше"),
    "pairs.fewer": ("더 적음", "fewer", "меньше"),
    "pairs.same": ("뚜렷한 차이 없음", "no clear difference", "явной разницы нет"),
    "pairs.note": (
        "이것은 서로 다른 독자층 사이의 연관이며, 언어의 효과가 아닙니다.",
        "This is an association between different audiences, not an effect of the language.",
        "Это связь между разными аудиториями, а не влияние языка.",
    ),
    "pairs.none": (
        "두 언어로 측정된 게시물이 아직 없습니다.",
        "No post has values in two languages yet.",
        "Пока нет поста со значениями на двух языках.",
    ),
    "data": ("표로 보기", "The figures as a table", "Данные таблицей"),
    # The report: tables.
    "by_post": ("게시물별", "By post", "По постам"),
    "by_leg": ("여정 구간별", "By leg", "По этапам"),
    "by_lang": ("언어별", "By language", "По языкам"),
    "all": ("모든 게시와 측정값", "Every publication with its metrics", "Все публикации и показатели"),
    "all.note": (
        "마지막 측정값입니다. 값이 없으면 –와 이유를 적습니다.",
        "The last values read. Where there is none: – and why.",
        "Последние прочитанные значения. Где значения нет: – и причина.",
    ),
    "col.post": ("게시물", "Post", "Пост"),
    "col.leg": ("구간", "Leg", "Этап"),
    "col.lang": ("언어", "Language", "Язык"),
    "col.langs": ("언어", "Languages", "Языки"),
    "col.account": ("계정", "Account", "Аккаунт"),
    "col.published": ("게시 시각", "Published", "Опубликовано"),
    "col.n": ("게시 수", "Publications", "Публикации"),
    "col.interactions": ("공개 반응", "Public interactions", "Взаимодействия"),
    "col.typical": ("보통 게시(95% 구간)", "Typical post (95% interval)", "Обычный пост (интервал 95 %)"),
    "col.missing": ("값 없음", "Without a value", "Без значения"),
    "col.age": ("게시 후 시간", "Age", "Возраст"),
    "col.ratio": ("비율(95% 구간)", "Ratio (95% interval)", "Отношение (интервал 95 %)"),
    "col.pairs": ("쌍", "Pairs", "Пары"),
    "col.pair": ("비교", "Compared", "Сравнение"),
    "col.gaps": ("빈 곳", "Gaps", "Пробелы"),
    "col.state": ("상태", "State", "Состояние"),
    "col.number": ("수", "Number", "Число"),
    # The report: data box and formulas.
    "box": ("데이터의 한계", "What the data cannot say", "Чего нет в данных"),
    "box.missing": (
        "값이 없는 측정: {readings}. 어떤 것도 0으로 세지 않았습니다.",
        "Without a value: {readings}. None of them was counted as 0.",
        "Без значения: {readings}. Ни один не посчитан как 0.",
    ),
    "box.not_offered": ("플랫폼이 제공하지 않음: {list}.", "Not offered: {list}.", "Платформа не даёт: {list}."),
    "box.growing": ("아직 집계 기간 중: {list}.", "Still growing: {list}.", "Ещё растут: {list}."),
    "box.unread": ("이 시점의 값 없음: {list}.", "No value at this age: {list}.", "Нет значения на этот срок: {list}."),
    "box.gaps": ("곡선이 끊긴 게시: {list}.", "Curves with gaps: {list}.", "Кривые с пробелами: {list}."),
    "box.unpublished": ("게시되지 않음: {list}.", "Not published: {list}.", "Не опубликовано: {list}."),
    "nothing": ("없음", "none", "нет"),
    "formulas": ("계산 방법", "How it is counted", "Как посчитано"),
    "formula.interactions": (
        "공개 반응 = 반응 + 답글 + 재게시 + 인용. 플랫폼이 제공하지 않는 항목은 빼고, "
        "제공하는 항목의 값이 없으면 합계도 없습니다.",
        "Public interactions = reactions + replies + reposts + quotes. What a platform does not offer is left out; "
        "where an offered counter has no value, there is no sum.",
        "Публичные взаимодействия = реакции + ответы + репосты + цитаты. Чего платформа не даёт, то не входит; "
        "если у показателя нет значения, нет и суммы.",
    ),
    "formula.typical": (
        "보통 게시 = 기하평균(로그 척도, +½)과 t 분포 95% 구간. 5건 미만이면 구간을 내지 않습니다.",
        "Typical post = geometric mean (logarithms, +½) with a 95% t interval; none below 5 posts.",
        "Обычный пост = среднее геометрическое (логарифмы, +½) с t-интервалом 95 %; менее 5 постов – без интервала.",
    ),
    "formula.pairs": (
        "비율 = 같은 게시물, 같은 플랫폼, 같은 시점의 두 언어 값을 나눈 로그 평균입니다.",
        "Ratio = mean log ratio of the same post on the same platform at the same age in two languages.",
        "Отношение = средний логарифм отношения одного поста на одной платформе в один срок на двух языках.",
    ),
    "formula.on_time": (
        "제시간 = 예정 시각 후 60초 안에 게시.",
        "On time = published within 60 seconds of its time.",
        "Вовремя = не позже 60 секунд после назначенного времени.",
    ),
    "formula.age": (
        "시점 값 = 그 시점부터 10분 안의 첫 측정.",
        "Value at an age = the first reading within 10 minutes from it.",
        "Значение на срок = первый замер в течение 10 минут после него.",
    ),
    # The desk.
    "desk": ("캠페인 데스크", "Campaign desk", "Пульт кампании"),
    "now": ("지금", "Now", "Сейчас"),
    "campaigns": ("캠페인", "Campaigns", "Кампании"),
    "deliveries": ("발송", "Deliveries", "Отправки"),
    "open_report": ("보고서 열기", "Open the report", "Открыть отчёт"),
    "empty": ("아직 아무것도 없습니다.", "There is nothing here yet.", "Здесь пока ничего нет."),
    "live.on": ("10초마다 새로 고칩니다.", "Refreshes every 10 seconds.", "Обновляется каждые 10 секунд."),
    "live.stop": ("새로 고침 멈추기", "Stop refreshing", "Не обновлять"),
    "live.start": ("새로 고침 켜기", "Refresh every 10 seconds", "Обновлять каждые 10 секунд"),
    "col.when": ("현지 시각", "Local time", "Местное время"),
    "col.link": ("링크", "Link", "Ссылка"),
    "col.note": ("메모", "Note", "Примечание"),
    "moved": ("시각 변경: {why}", "Moved: {why}", "Перенесено: {why}"),
    "look": ("게시물 보기", "open", "открыть"),
    "more": ("모두 보기({n})", "Show all ({n})", "Показать все ({n})"),
    "attention": ("확인이 필요함: {n}", "Needs a person: {n}", "Нужен человек: {n}"),
    "calm": ("확인할 것이 없습니다.", "Nothing needs a person.", "Вмешательство не нужно."),
    "texts": ("글", "Texts", "Тексты"),
    "revision": ("판 {n}", "revision {n}", "редакция {n}"),
    "pictures": ("그림", "Pictures", "Изображения"),
    "alt": ("대체 텍스트", "Alt text", "Описание"),
    "alt.none": ("이 언어의 대체 텍스트 없음", "no alt text in this language", "нет описания на этом языке"),
    "attempts": ("시도", "Attempts", "Попытки"),
    "col.attempt": ("시도", "Attempt", "Попытка"),
    "col.kind": ("종류", "Kind", "Вид"),
    "col.outcome": ("결과", "Outcome", "Исход"),
    "col.error": ("오류", "Error", "Ошибка"),
    "back": ("데스크로", "Back to the desk", "К пульту"),
    "error": ("요청을 처리할 수 없습니다", "This did not work", "Не получилось"),
    "skip": ("본문으로", "Skip to content", "К содержанию"),
    "language": ("언어", "Language", "Язык"),
}

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {
    **_REPORT,
    **desk_words.CATALOGUE,
    **compose_words.CATALOGUE,
    **edit_words.CATALOGUE,
    **account_words.CATALOGUE,
    **platform_words.CATALOGUE,
    **reason_words.CATALOGUE,
    **hold_words.CATALOGUE,
    **review_words.CATALOGUE,
    **package_words.CATALOGUE,
}


def word(key: str, lang: str, **values: object) -> str:
    """Return a sentence in a language, filled in. Raises KeyError for an unknown key."""
    return CATALOGUE[key][LANGS.index(lang)].format(**values)


def forms(key: str, lang: str) -> list[str]:
    """Return the plural forms of a counted thing."""
    return CATALOGUE[key][LANGS.index(lang)].split("|")
