"""What a machine may do, what it is told, and how long a translation will be."""

from tests.mutants.mutant import breaks

MACHINE = "tests/service/test_machine.py"
TOOLS = "tests/translators/test_tools.py"
DEEPL = "tests/translators/test_deepl.py"
INTERPRETER = "tests/test_interpreter.py"
CANARY = "tests/test_canary_translation.py"
FORECAST = "tests/core/test_forecast.py"
KEPT = "tests/core/test_kept.py"
TRANSLATION = "tests/core/test_translation.py"
PAIRS = "tests/store/test_pairs.py"

MACHINES = [
    breaks(
        "a machine's draft is no draft",
        "service/machine.py",
        "        machine=tool.tool,\n",
        "",
        MACHINE,
    ),
    breaks(
        "a machine writes over a person's words",
        "service/machine.py",
        "    if not wanted:\n",
        "    if not wanted and False:\n",
        MACHINE,
    ),
    breaks(
        "the same source is paid for twice",
        "service/machine.py",
        "    if old.machine == tool.tool and not stale:\n",
        "    if False:\n",
        MACHINE,
    ),
    breaks(
        "whoever was faster is overwritten by a machine",
        "service/revise.py",
        "        if (there.revision if there else 0) != revision:\n",
        "        if False:\n",
        MACHINE,
    ),
    breaks(
        "anybody may spend the office's money",
        "service/machine.py",
        "    demand_writer(by, campaign, lang)\n",
        "",
        MACHINE,
    ),
    breaks(
        "what was lost on the way is not told",
        "core/kept.py",
        "        if not there:\n            missing.append(part)\n",
        "",
        KEPT,
        MACHINE,
    ),
    breaks(
        "names are translated",
        "core/translation.py",
        "        if not term.translate:\n            anywhere",
        "        if term.translate:\n            anywhere",
        TRANSLATION,
    ),
    breaks(
        "another number of answers is taken",
        "core/translation.py",
        "    if not isinstance(answers, list) or len(answers) != len(texts):\n",
        "    if not isinstance(answers, list):\n",
        TRANSLATION,
    ),
    breaks(
        "an answer may be as long as it likes",
        "core/translation.py",
        "        if len(answer) > MOST_TIMES * len(sent) + MOST_BESIDE:\n",
        "        if False:\n",
        TRANSLATION,
    ),
    breaks(
        "a key that a tool says back goes out with the post",
        "interpreter.py",
        "        if self._key and any(self._key in answer for answer in answers):",
        "        if False:",
        CANARY,
    ),
    breaks(
        "a tool is asked for ever",
        "interpreter.py",
        "                    if number == TRIES or wait > LONGEST_WAIT:\n",
        "                    if wait > LONGEST_WAIT:\n",
        TOOLS,
    ),
    breaks(
        "a tool may keep us waiting for as long as it likes",
        "interpreter.py",
        "                    if number == TRIES or wait > LONGEST_WAIT:\n",
        "                    if number == TRIES:\n",
        TOOLS,
    ),
    breaks(
        "the key stands in messages",
        "interpreter.py",
        "            redactor=Redactor([self._key] if self._key else []),\n",
        "            redactor=Redactor([]),\n",
        TOOLS,
        CANARY,
    ),
    breaks(
        "signs of XML go to DeepL as they are",
        "translators/deepl.py",
        "        escape(part) if isinstance(part, str)",
        "        part if isinstance(part, str)",
        TOOLS,
    ),
    breaks(
        "a request to DeepL is as large as it comes",
        "translators/deepl.py",
        "size + weight > MOST_BYTES",
        "size + weight > 10 * MOST_BYTES",
        DEEPL,
    ),
    breaks(
        "a mark that LibreTranslate spaced out is not found",
        "translators/libretranslate.py",
        r"""_MARK = regex.compile(r"\[ *[XxХх] *(?P<n>[0-9]{1,4}) *[XxХх] *\]")""",
        r"""_MARK = regex.compile(r"\[X(?P<n>[0-9]{1,4})X\]")""",
        TOOLS,
    ),
    breaks(
        "a key with a space is sent",
        "interpreter.py",
        '    if not key.isascii() or any(sign <= " " or sign == "\\x7f" for sign in key):\n',
        "    if False:\n",
        INTERPRETER,
    ),
    breaks(
        "links are multiplied like words",
        "core/forecast.py",
        "    return len(text) - sum(end - start for start, end, _ in find_kept(text))\n",
        "    return len(text)\n",
        FORECAST,
    ),
    breaks(
        "the office's own texts teach nothing",
        "core/forecast.py",
        "        mean = (known * self.mean + n * average) / (known + n)\n",
        "        mean = self.mean\n",
        FORECAST,
    ),
    breaks(
        "the interval is half as wide as it says",
        "core/forecast.py",
        "        return _quantile(self.degrees) * self.spread * math.sqrt(1 + 1 / self.known)\n",
        "        return _quantile(self.degrees) * self.spread / 2\n",
        FORECAST,
    ),
    breaks(
        "a machine's words teach the forecast",
        "store/pairs.py",
        "variants.c.machine.is_(None), newest,",
        "newest,",
        PAIRS,
    ),
    breaks(
        "drafts teach the forecast",
        "store/pairs.py",
        "        .where(published | approved)\n",
        "",
        PAIRS,
    ),
    breaks(
        "what was taken back teaches the forecast",
        "store/pairs.py",
        "variants.c.lang, approvals.c.void_at.is_(None)\n",
        "variants.c.lang\n",
        PAIRS,
    ),
]
