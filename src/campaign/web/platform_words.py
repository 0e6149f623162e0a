"""The sentences about each platform in Korean, English and Russian: where its token is from, what its fields hold."""

from collections.abc import Mapping
from typing import Final

# How the platforms write themselves, where a capital letter alone is not it.
BRANDS: Final[Mapping[str, str]] = {
    "feed": "Atom · JSON Feed",
    "handoff": "Hand-off",
    "line": "LINE",
    "linkedin": "LinkedIn",
    "tiktok": "TikTok",
    "vk": "VK",
    "wordpress": "WordPress",
    "youtube": "YouTube",
}


def brand(platform: str) -> str:
    """Return a platform's name as people know it.

    >>> brand("youtube"), brand("mastodon")
    ('YouTube', 'Mastodon')
    """
    return BRANDS.get(platform, platform.capitalize())


# account.hint.P: where the token of platform P comes from; account.field.P.NAME: the label of an option or secret of
# its adapter; account.note.P.NAME: what is typed there.
CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {
    "account.hint.bluesky": (
        "주소는 보통 https://bsky.social 입니다. 토큰 자리에는 앱 비밀번호를 넣습니다(설정 → 개인정보 및 보안).",
        "The address is usually https://bsky.social. The token is an app password (Settings → Privacy and security).",
        "Адрес обычно https://bsky.social. Токен — это пароль приложения (Настройки → Приватность и безопасность).",
    ),
    "account.field.bluesky.identifier": ("로그인 이름", "Login name", "Имя для входа"),
    "account.note.bluesky.identifier": (
        "핸들 또는 이메일 주소",
        "The handle or the e-mail address that logs in",
        "Хендл или адрес почты",
    ),
    "account.hint.discord": (
        "토큰은 Discord Developer Portal의 앱 → Bot에서 만든 봇 토큰이거나, 채널의 웹훅 주소입니다.",
        "The token is that of a bot (Discord Developer Portal → your app → Bot), or the address of a webhook.",
        "Токен — это токен бота (Discord Developer Portal → приложение → Bot) или адрес вебхука канала.",
    ),
    "account.field.discord.channel": ("채널 번호", "Channel id", "Номер канала"),
    "account.note.discord.channel": (
        "예: 1234567890123456789. 웹훅이면 비워 두세요.",
        "As in 1234567890123456789; leave it empty for a webhook.",
        "Например, 1234567890123456789; для вебхука оставьте пустым.",
    ),
    "account.field.discord.reader": ("읽는 봇의 토큰", "Token of a bot that reads", "Токен читающего бота"),
    "account.note.discord.reader": (
        "웹훅일 때만, 없어도 됩니다. 채널 기록을 읽을 수 있는 봇이 잃은 답을 확인합니다.",
        "For a webhook, optional: a bot that may read the channel's history settles a lost answer.",
        "Для вебхука, необязательно: бот, который может читать историю канала, проверит потерянный ответ.",
    ),
    "account.hint.facebook": (
        "토큰은 페이지의 것(만료 없음)이거나, 페이지를 관리하는 사람의 것(60일)입니다. Meta 개발자 앱에서 만듭니다.",
        "The token is a Page's (it does not expire), or a person's who runs it (60 days), made by an app at Meta.",
        "Токен страницы (бессрочный) или человека, который ею управляет (60 дней); его выдаёт приложение у Meta.",
    ),
    "account.field.facebook.page": ("페이지 번호", "Page id", "Номер страницы"),
    "account.note.facebook.page": (
        "토큰이 페이지를 여럿 가진 사람의 것일 때만",
        "Only where the token is a person's who has several Pages",
        "Только если токен принадлежит человеку с несколькими страницами",
    ),
    "account.hint.feed": (
        "토큰이 없습니다. 이 컴퓨터의 폴더에 파일을 씁니다. 명령줄에서만 연결할 수 있습니다.",
        "There is no token: it writes files into a folder of this machine. It is connected at the command line only.",
        "Токена нет: файлы пишутся в папку этого компьютера. Подключается только в командной строке.",
    ),
    "account.field.feed.folder": ("폴더", "Folder", "Папка"),
    "account.note.feed.folder": (
        "웹에서 그 주소로 보이는 폴더. 예: /var/www/feeds",
        "The folder that the web shows at the address, as in /var/www/feeds",
        "Папка, которую веб показывает по этому адресу, например /var/www/feeds",
    ),
    "account.field.feed.title": ("피드 제목", "Title of the feeds", "Название лент"),
    "account.note.feed.title": (
        "구독하는 사람이 보는 이름",
        "What readers see the feeds called",
        "Так ленты называются у читателей",
    ),
    "account.hint.handoff": (
        "토큰이 없습니다. 제때에 꾸러미가 준비되면 맡은 사람이 직접 올리고, 어디에 올렸는지 적습니다.",
        "There is no token: at its time a package is ready, and a person puts it up and says where it stands.",
        "Токена нет: ко времени готов пакет, человек выкладывает его сам и указывает, где он размещён.",
    ),
    "account.field.handoff.place": ("올리는 곳", "Where it is put up", "Где размещается"),
    "account.note.handoff.place": (
        "다음 가운데 하나: naver-blog, kakao-channel, weibo, odnoklassniki, print, other",
        "One of: naver-blog, kakao-channel, weibo, odnoklassniki, print, other",
        "Одно из: naver-blog, kakao-channel, weibo, odnoklassniki, print, other",
    ),
    "account.field.handoff.person": ("맡은 사람", "Who puts it up", "Кто размещает"),
    "account.note.handoff.person": (
        "이곳에서 쓰는 사람 이름",
        "The name of a person of this installation",
        "Имя пользователя этой установки",
    ),
    "account.hint.instagram": (
        "프로페셔널 계정이어야 합니다. 토큰은 Instagram 로그인으로 받으며 60일짜리이고 저절로 갱신됩니다.",
        "It must be a professional account. The token comes from Instagram Login, lasts 60 days and is renewed.",
        "Нужен профессиональный аккаунт. Токен даёт вход через Instagram, на 60 дней; он продлевается сам.",
    ),
    "account.hint.line": (
        "토큰은 LINE Developers 콘솔 → 채널 → Messaging API의 장기 채널 액세스 토큰입니다.",
        "The token is the long-lived channel access token (LINE Developers Console → channel → Messaging API).",
        "Токен — долгосрочный channel access token (LINE Developers Console → канал → Messaging API).",
    ),
    "account.hint.linkedin": (
        "허락하면 회원으로 연결됩니다. 페이지의 토큰은 LinkedIn의 토큰 생성기에서 만듭니다. 60일 뒤 다시 연결합니다.",
        "Consent connects a member; a page's token is from LinkedIn's token generator. After 60 days connect it again.",
        "Согласие подключает участника; токен страницы даёт генератор LinkedIn. Через 60 дней подключите снова.",
    ),
    "account.field.linkedin.organization": ("페이지", "Page", "Страница"),
    "account.note.linkedin.organization": (
        "번호 또는 urn:li:organization:2414183. 비우면 회원 이름으로 나갑니다.",
        "Its number, or as urn:li:organization:2414183; without it the member posts.",
        "Номер или urn:li:organization:2414183; если пусто, публикует сам участник.",
    ),
    "account.field.linkedin.version": ("API 버전", "Version of the API", "Версия API"),
    "account.note.linkedin.version": (
        "예: 202609. 버전은 1년 뒤 끝납니다. 비워 두어도 됩니다.",
        "As in 202609; each ends after a year. It may stay empty.",
        "Например, 202609; каждая действует год. Можно не заполнять.",
    ),
    "account.hint.mastodon": (
        "토큰은 서버의 설정 → 개발 → 새 애플리케이션에서 만듭니다(권한 read, write).",
        "Make the token on the server: Preferences → Development → New application (scopes read, write).",
        "Токен создаётся на сервере: Настройки → Разработчикам → Новое приложение (права read и write).",
    ),
    "account.hint.matrix": (
        "토큰은 그 계정으로 로그인한 액세스 토큰입니다. 로그아웃하면 끝나므로 따로 로그인해 만드세요.",
        "The token is an access token of a login of this user. It ends with a logout, so log in apart for it.",
        "Токен — access token входа этого пользователя. При выходе он пропадает, поэтому войдите отдельно.",
    ),
    "account.field.matrix.room": ("방", "Room", "Комната"),
    "account.note.matrix.room": (
        "#이름:서버 또는 !번호:서버. 계정이 방에 들어가 있어야 하고, 암호화된 방은 안 됩니다.",
        "#alias:server or !id:server; the user must be in it, and it must not be encrypted.",
        "#имя:сервер или !номер:сервер; пользователь должен быть в ней, и она не шифрована.",
    ),
    "account.hint.misskey": (
        "토큰은 서버의 설정 → API에서 만듭니다(권한 write:notes, write:drive, read:account).",
        "Make the token on the server: Settings → API (permissions write:notes, write:drive, read:account).",
        "Токен создаётся на сервере: Настройки → API (права write:notes, write:drive, read:account).",
    ),
    "account.hint.slack": (
        "토큰은 앱의 OAuth & Permissions에 있는 봇 토큰(xoxb-…)이거나, 수신 웹훅 주소입니다.",
        "The token is a bot token (your app → OAuth & Permissions, xoxb-…), or an incoming webhook's address.",
        "Токен — токен бота (приложение → OAuth & Permissions, xoxb-…) или адрес входящего вебхука.",
    ),
    "account.field.slack.channel": ("채널 번호", "Channel id", "Номер канала"),
    "account.note.slack.channel": (
        "예: C0123456789. 웹훅이면 비워 두세요.",
        "As in C0123456789; leave it empty for a webhook.",
        "Например, C0123456789; для вебхука оставьте пустым.",
    ),
    "account.hint.telegram": (
        "주소는 보통 https://api.telegram.org 입니다. 토큰은 @BotFather 가 주며, 봇은 채널의 관리자여야 합니다.",
        "The address is usually https://api.telegram.org. @BotFather gives the token; make the bot an administrator "
        "of the channel.",
        "Адрес обычно https://api.telegram.org. Токен выдаёт @BotFather; сделайте бота администратором канала.",
    ),
    "account.field.telegram.channel": ("채널", "Channel", "Канал"),
    "account.note.telegram.channel": (
        "@이름 또는 번호. 예: -1001234567890",
        "@name or its id, as in -1001234567890",
        "@имя или номер, например -1001234567890",
    ),
    "account.field.telegram.watcher": (
        "지켜보는 두 번째 봇의 토큰",
        "Token of a second bot that watches",
        "Токен второго бота-наблюдателя",
    ),
    "account.note.telegram.watcher": (
        "없어도 됩니다. 있으면 잃은 답이 저절로 확인됩니다. 이 봇도 채널의 관리자여야 합니다.",
        "Optional: with it a lost answer is settled by itself. It must be an administrator of the channel, too.",
        "Необязательно: с ним потерянный ответ проверяется сам. Он тоже должен быть администратором канала.",
    ),
    "account.hint.threads": (
        "토큰은 Meta 개발자 앱의 Threads API에서 받으며 60일짜리이고 저절로 갱신됩니다.",
        "The token is from the Threads API of an app at Meta; it lasts 60 days and is renewed by itself.",
        "Токен выдаёт Threads API приложения у Meta; он действует 60 дней и продлевается сам.",
    ),
    "account.hint.tiktok": (
        "허락으로 연결하세요. 토큰은 두 시간짜리입니다. TikTok이 심사하지 않은 앱은 비공개로만 올릴 수 있습니다.",
        "Connect by consent: a token lives two hours. An app that TikTok has not audited may post privately only.",
        "Подключайте через согласие: токен живёт два часа. Непроверенное TikTok приложение публикует только для себя.",
    ),
    "account.field.tiktok.privacy": ("누가 볼 수 있나", "Who may see the posts", "Кто видит посты"),
    "account.note.tiktok.privacy": (
        "PUBLIC_TO_EVERYONE, MUTUAL_FOLLOW_FRIENDS, FOLLOWER_OF_CREATOR, SELF_ONLY 가운데 하나. "
        "심사받지 않은 앱은 SELF_ONLY만",
        "One of PUBLIC_TO_EVERYONE, MUTUAL_FOLLOW_FRIENDS, FOLLOWER_OF_CREATOR, SELF_ONLY; an app that is not "
        "audited: SELF_ONLY alone",
        "Одно из PUBLIC_TO_EVERYONE, MUTUAL_FOLLOW_FRIENDS, FOLLOWER_OF_CREATOR, SELF_ONLY; непроверенному "
        "приложению — только SELF_ONLY",
    ),
    "account.hint.vk": (
        "독립 실행형 앱의 토큰이어야 합니다(권한 wall, photos, video, offline). 커뮤니티 토큰은 그림을 못 올립니다.",
        "The token is that of a standalone application with the rights wall, photos, video, offline; a community's own "
        "takes no pictures.",
        "Нужен токен standalone-приложения с правами wall, photos, video, offline; токен сообщества картинок не берёт.",
    ),
    "account.field.vk.community": ("커뮤니티", "Community", "Сообщество"),
    "account.note.vk.community": (
        "짧은 이름 또는 번호. 예: peace_journey",
        "Its short name or its id, as in peace_journey",
        "Короткое имя или номер, например peace_journey",
    ),
    "account.hint.wordpress": (
        "토큰은 애플리케이션 비밀번호입니다(사이트의 사용자 → 프로필에서 만듭니다).",
        "The token is an application password, made on the site: Users → Profile.",
        "Токен — пароль приложения; он создаётся на сайте: Пользователи → Профиль.",
    ),
    "account.field.wordpress.user": ("사용자 이름", "User name", "Имя пользователя"),
    "account.note.wordpress.user": (
        "애플리케이션 비밀번호를 만든 사용자의 로그인 이름",
        "The login name of the user whose application password the token is",
        "Логин пользователя, чей это пароль приложения",
    ),
    "account.field.wordpress.upload_bytes": (
        "가장 큰 파일(바이트)",
        "Largest upload (bytes)",
        "Самый большой файл (байт)",
    ),
    "account.note.wordpress.upload_bytes": (
        "사이트가 PHP 기본값인 8 MiB와 다를 때만",
        "Only where the site takes another size than PHP's 8 MiB",
        "Только если на сайте не 8 МиБ, как в PHP по умолчанию",
    ),
    "account.hint.x": (
        "허락으로 연결하세요. 토큰은 두 시간짜리라 갱신이 필요합니다. 게시할 때마다 X가 요금을 받습니다.",
        "Connect by consent: a token lives two hours and is renewed. X asks money for each post.",
        "Подключайте через согласие: токен живёт два часа и продлевается. За каждый пост X берёт плату.",
    ),
    "account.hint.youtube": (
        "허락으로 연결하세요. 토큰은 한 시간짜리입니다. Google 프로젝트가 ‘테스트’ 상태면 7일 뒤 다시 연결해야 합니다.",
        "Connect by consent: a token lives an hour. While the Google project is in testing, consent ends after 7 days.",
        "Подключайте через согласие: токен живёт час. Пока проект Google в режиме тестирования, согласие на 7 дней.",
    ),
    "account.field.youtube.made_for_kids": ("어린이용인가", "Made for children", "Для детей"),
    "account.note.youtube.made_for_kids": (
        "yes(어린이용) 또는 no. YouTube에 반드시 알려야 합니다.",
        "yes or no: whether the videos are made for children, which YouTube must be told",
        "yes (для детей) или no: YouTube требует это указать",
    ),
    "account.tokenless": ("토큰이 필요 없습니다.", "No token is needed.", "Токен не нужен."),
    "account.at_the_terminal": (
        "데스크에서는 연결할 수 없습니다. 운영자가 명령줄에서 연결합니다:",
        "It cannot be connected at the desk. An operator connects it at the command line:",
        "С пульта не подключается. Оператор подключает в командной строке:",
    ),
    "account.offers": ("되는 것", "Offered", "Есть"),
    "account.offers_not": ("안 되는 것", "Not offered", "Нет"),
    "account.needs": ("필요한 것", "Needed", "Нужно"),
    "account.price": ("요금", "Price", "Цена"),
    "account.price.post": ("게시물마다 {usd} USD", "{usd} USD a post", "{usd} USD за пост"),
    "account.price.post_with_link": (
        "링크가 있으면 {usd} USD",
        "{usd} USD with a link",
        "{usd} USD со ссылкой",
    ),
    "account.needs.title": ("제목 필요", "needs a title", "нужен заголовок"),
    "account.needs.media": ("그림이나 영상 필요", "needs a picture or clip", "нужно изображение или видео"),
    "account.needs.clip": ("영상 필요", "needs a clip", "нужно видео"),
    "account.able.threads": ("이어지는 글", "threads", "ветки"),
    "account.able.alt": ("대체 텍스트", "alt texts", "описания изображений"),
    "account.able.languages": ("언어 표시", "language tags", "метки языка"),
    "account.able.edits": ("고치기", "edits", "правка"),
    "account.able.deletes": ("지우기", "deletion", "удаление"),
    "account.able.fetches": ("게시물 다시 읽기", "reading a post back", "чтение поста обратно"),
    "account.able.comments": ("댓글", "comments", "комментарии"),
    "account.able.images": ("그림", "pictures", "изображения"),
    "account.able.videos": ("영상", "clips", "видео"),
    "account.able.captions": ("따로 된 자막", "caption tracks", "отдельные субтитры"),
    "account.able.measure": ("집계", "counts", "показатели"),
    "account.able.metrics": ("빠짐없는 집계", "a full set of counts", "полный набор показателей"),
}
