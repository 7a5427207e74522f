"""What the provider's words say, once the person's own prompt is taken out of them; pure.

An answer may repeat the prompt: quoted, cut off, escaped or in other case. UserMessage of the prompt prove nothing.
"""

from __future__ import annotations

import html
import re
import unicodedata

from veo_core.reasons import Reason

ECHO = "~"
"""Stands where the prompt was taken out, so that no phrase is read across the gap."""

_LONGEST = 16_000
_SHORTEST_ECHO = 12
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|[nrtbf"\'/\\])')
_BLANKS = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
_QUOTED = re.compile(
    "(?<!\\w)[\"'`\u201c\u2018\u00ab]([^\"'`\u201d\u2019\u00bb]{1,2000})[\"'`\u201d\u2019\u00bb](?!\\w)"
)
_SENTENCE_END = re.compile(r"[.!?;:]+(?=\s|$)")
_WORD = re.compile(r"[^\W_]+|\|")

# All patterns below read plain words: lower case, one space between them, `|` between sentences.
_NAME = r"(?: (?:models|publishers|google|name|id|veo\w*|\d\w*|generate|generation|preview|fast|ingredients|exp|lite))*"
_GONE = (
    r"(?:no longer (?:available|supported|offered|served|accessible|exists?)"
    r"|not (?:available|supported|found|offered|exist|enabled)|does not exist"
    r"|unsupported|unavailable|invalid|deprecated|retired|discontinued|decommissioned|shut down)"
)
_BEFORE = (
    r"(?:^|\| )(?:(?:error|sorry|the|this|requested|selected|specified|given|chosen|your|current|code|\d{3}"
    r"|bad request|invalid argument|invalid request|upstream) )*"
)
_RETIRED = re.compile(
    rf"{_BEFORE}model{_NAME}(?: (?:is|was|has been|are))? {_GONE}\b"
    rf"|{_BEFORE}models{_NAME} is (?:not found|no longer available|not supported)\b"
    r"|\bnot found for api version\b"
    r"|\bno (?:available )?channels? (?:is |are )?(?:available )?for (?:this |the )?model\b"
    rf"|{_BEFORE}(?:unsupported|unknown|invalid) model{_NAME}(?: \||$)"
)
_ACCOUNT = re.compile(
    r"\b(?:no|missing|invalid|expired|wrong) (?:api )?(?:token|key|credentials?)\b"
    r"|\b(?:token|api key|access key|credentials?)\b[^|~]{0,40}"
    r"\b(?:not matched|mismatch\w*|invalid|wrong|expired|missing|revoked|disabled|not allowed|not bound)\b"
    r"|\bapi key\b[^|~]{0,40}\blimit\b"
    r"|\b(?:balance|credits?|quota)\b[^|~]{0,40}"
    r"\b(?:not sufficient|not enough|insufficient|exhausted|used up|too low)\b"
    r"|\b(?:insufficient|not enough) (?:balance|credits?|funds|quota)\b"
    r"|\b(?:account|application|user|subscription|organization)\b[^|~]{0,40}"
    r"\b(?:disabled|suspended|banned|expired|not applied|not activated|not allowed|no permission)\b"
    r"|\b(?:permission denied|not authori[sz]ed|unauthori[sz]ed|access denied|payment required)\b"
)
_CONTENT = re.compile(
    r"\b(?:content|usage|use|safety|community|our|the|these|moderation) (?:policy|policies|guidelines)\b"
    r"|\bpolicy violation\b|\bviolat\w*\b|\bmoderat\w+\b|\bresponsible ai\b|\brai\b"
    r"|\bcontent (?:filter\w*|safety|rules?|restrictions?|was \w+ed|(?:is )?not allowed|rejected|blocked|refused)\b"
    r"|\bsafety (?:filter\w*|settings?|system|reasons?|checks?|concerns?)\b"
    r"|\b(?:prohibited|inappropriate|unsafe|nsfw|harmful|sexual\w*|offensive|illegal)\b"
    r"|\bsensitive (?:words?|content|information|material|topics?)\b|\b(?:contains?|is|too) sensitive\b"
    r"|\b(?:celebrit\w+|public figures?|minors|real people)\b"
)
_SOUND = re.compile(r"\b(?:audio|sound|soundtrack|voices?|speech|music)\b")
_SOUND_TROUBLE = re.compile(
    r"\b(?:issues?|problems?|filter\w*|block\w*|refus\w+|reject\w+|polic\w+|safety|violat\w*|moderat\w*|unsafe"
    r"|could not|couldn t|cannot|not allowed|sensitive|copyright\w*)\b"
)
_IMAGE = re.compile(r"\b(?:images?|photos?|pictures?|frames?|faces?)\b")
_IMAGE_UNREAD = re.compile(
    r"\b(?:unable to|failed to|fail to|cannot|can not|could not|couldn t|can t|error)\b[^|~]{0,24}"
    r"\b(?:download\w*|fetch\w*|load\w*|read\w*|decod\w*|open\w*|access\w*|retriev\w*|process\w*|pars\w*)\b[^|~]{0,40}"
    r"\bimages?\b"
    r"|\bimages?\b[^|~]{0,40}\b(?:cannot be|could not be|can not be|failed to be|is not|are not|not)\b[^|~]{0,12}"
    r"\b(?:downloaded|fetched|loaded|read|decoded|opened|accessible|retrieved|reachable|valid image)\b"
    r"|\bimages?\b[^|~]{0,24}\b(?:download|fetch|decoding|decode) (?:failed|error|timeout|timed out)\b"
    r"|\b(?:corrupt\w*|unreadable|broken) images?\b|\bimages?\b[^|~]{0,24}\b(?:corrupt\w*|unreadable|broken)\b"
)
_TOO_LONG = re.compile(
    r"\b(?:prompt|text|description)\b[^|~]{0,40}\b(?:too long|too large|exceed\w*|longer than|at most|over the limit)\b"
    r"|\b(?:length of the|maximum|max) prompt(?: length)?\b|\bprompt length\b"
)
_LIMIT = re.compile(
    r"(?:at most|no more than|up to|longer than|maximum(?: length)?(?: of| is)?|max(?: length)?(?: of| is)?"
    r"|limit(?: of| is)?|exceeds?(?: the)?)\D{0,12}(\d[\d,]{0,8}) ?-?(?:characters|chars)\b",
    re.IGNORECASE,
)


def spoken(message: str, prompt: str) -> str:
    """The provider's own words as the patterns read them, with a mark where they only repeat the prompt."""
    own = _plain(_unescaped(prompt)).strip(" |")
    text = _unescaped(message[:_LONGEST])
    words = _without(_plain(text), own)
    for quoted in {_plain(found).strip(" |") for found in _QUOTED.findall(text)}:
        if quoted and quoted in own:
            words = _cut(words, quoted)
    return words


def speaks_of_content(words: str) -> bool:
    """Whether the words are about what may be shown, and not about a key or an account."""
    return bool(_CONTENT.search(words)) and not _ACCOUNT.search(words)


def speaks_of_account(words: str) -> bool:
    """Whether the words are about the operator's token, balance or account."""
    return bool(_ACCOUNT.search(words))


def fault_in(words: str, *, has_images: bool, refused: bool = False) -> Reason | None:
    """What the words blame, None when they blame nothing that is known; `refused`: the code says content already."""
    content = refused or speaks_of_content(words)
    if _SOUND.search(words) and _SOUND_TROUBLE.search(words):
        return Reason.SOUND_REFUSED
    if has_images and content and _IMAGE.search(words):
        return Reason.IMAGE_REFUSED
    if has_images and not refused and _IMAGE_UNREAD.search(words):
        return Reason.IMAGE_UNREADABLE
    if content:
        return Reason.MODERATED
    if _TOO_LONG.search(words):
        return Reason.PROMPT_TOO_LONG
    return Reason.MODEL_RETIRED if _RETIRED.search(words) else None


def length_limit(message: str, prompt: str) -> int | None:
    """The number of characters that a message about a too long prompt allows, where it names one that can be true."""
    found = _LIMIT.search(message[:_LONGEST].replace(prompt, " "))
    limit = int(found[1].replace(",", "")) if found else 0
    return limit if 0 < limit < len(prompt) else None


def _unescaped(text: str) -> str:
    """JSON inside JSON, and HTML, as the characters they stand for."""
    for _ in range(2):
        text = _ESCAPE.sub(lambda found: _character(found[1]), text)
    return html.unescape(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _character(escaped: str) -> str:
    return chr(int(escaped[1:], 16)) if len(escaped) > 1 else _BLANKS.get(escaped, escaped)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORD.findall(_SENTENCE_END.sub(" | ", folded)))


def _cut(words: str, piece: str) -> str:
    return f" {words} ".replace(f" {piece} ", f" {ECHO} ").strip()


def _without(words: str, own: str) -> str:
    """The words without every run of them that the prompt has too, from twelve characters on."""
    if len(own) < _SHORTEST_ECHO:
        return _cut(words, own) if own else words
    known = {own[at : at + _SHORTEST_ECHO] for at in range(len(own) - _SHORTEST_ECHO + 1)}
    kept = list(words)
    for at in range(len(words) - _SHORTEST_ECHO + 1):
        if words[at : at + _SHORTEST_ECHO] in known:
            kept[at : at + _SHORTEST_ECHO] = ECHO * _SHORTEST_ECHO
    return re.sub(rf" ?{ECHO}+ ?", f" {ECHO} ", "".join(kept)).strip()
