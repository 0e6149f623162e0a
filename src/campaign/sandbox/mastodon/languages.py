"""Which language codes a server knows, and what it makes of the others."""

# ISO 639-1, and the few more that the real server lists:
# https://github.com/mastodon/mastodon/blob/main/app/helpers/languages_helper.rb
_ONE = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en"
    " eo es et eu fa ff fi fj fo fr fy ga gd gl gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka"
    " kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng"
    " nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sn so sq sr ss st su sv"
    " sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_MORE = "ast chr ckb cnr csb gsw jbo kab ldn lfn mai mni sco sma smj szl tok vai xal zba zgh nan hsb dsb nds sah mul"
_REGIONAL = "zh-CN zh-HK zh-TW zh-YUE es-AR es-MX fr-CA pt-BR pt-PT sr-Latn en-GB"
KNOWN = frozenset(f"{_ONE} {_MORE} {_REGIONAL}".split())


def known(code: object) -> str | None:
    """Return the code as the server keeps it: itself when known, else its first part, else nothing.

    `valid_locale_or_nil` in the same file: `ko-KR` becomes `ko`, an unknown code is dropped without an error.
    """
    if not isinstance(code, str) or not code.strip():
        return None
    if code in KNOWN:
        return code
    first = code.replace("_", "-").partition("-")[0]
    return first if first in KNOWN else None
