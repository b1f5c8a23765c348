"""Turns raw posts into text of the published form: lower-case tokens, with `<url>`, `<number>` and the like.

The published sets were written by a tweet normaliser (ekphrasis). These are its rules as far as the sets show
them: `Can't wait for the #Final at 8:30 PM!!! https://t.co/x` is `can ' t wait for the # final at <time> ! <url>`.
Normalised text is not changed by a second pass.
"""

import functools
import html
import re
import unicodedata

from mmkp_core.spec import spec


@spec
class TweetNormalSpec:
    """Which rules of the published text form are applied."""

    entity: bool = True
    """Resolve HTML entities (`&amp;`)."""
    url: bool = True
    """Write links as `<url>`."""
    email: bool = True
    """Write e-mail addresses as `<email>`."""
    user: bool = True
    """Write mentions (`@name`) as `<user>`."""
    date: bool = True
    """Write dates (`12/31/2019`, `May 4th, 2019`) as `<date>`."""
    time: bool = True
    """Write times of day (`8:30 pm`, `20:15`) as `<time>`."""
    money: bool = True
    """Write amounts of money (`$5m`, `20 euros`) as `<money>`."""
    percent: bool = True
    """Write percentages as `<percent>`."""
    phone: bool = True
    """Write telephone numbers as `<phone>`."""
    number: bool = True
    """Write the other numbers that stand alone as `<number>`."""
    emoticon: bool = True
    """Write emoticons as `<happy>`, `<sad>`, `<wink>`, `<laugh>`, `<tong>` or `<surprise>`."""
    tokenise: bool = True
    """Set every mark and emoji between blanks, a run of one mark written once."""
    lower: bool = True
    """Lower-case the text."""


def normal_tweet(text: str, spec: TweetNormalSpec) -> str:
    """The text in the published form."""
    pattern = _pattern(spec)
    text = html.unescape(text) if spec.entity else text
    while True:  # marks set apart can lay a number bare (`v2.0`); each pass replaces or parts something, so this ends
        before = text
        text = unicodedata.normalize("NFC", text)
        text = " ".join(pattern.sub(_token, text.lower() if spec.lower else text).split())
        if text == before:
            return text


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_AMOUNT = r"\d+(?:[.,]\d+)*"
_EMOJI = r"(?-i:[\u203c-\u3299\U0001f000-\U0001faff])"  # with case ignored the range takes in `k`, as the Kelvin sign
_EMOJI_MORE = r"[\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_RULES = {  # tried in this order
    "url": r"(?:https?://|www\.)[^\s<>]+|(?<![\w.])(?:pic\.twitter\.com|t\.co|bit\.ly|youtu\.be)/[^\s<>]+",
    "email": r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "user": r"(?<![\w@])@\w+",
    "date": rf"(?<![\w/.-])(?:\d{{1,4}}(?P<sep>[/.-])\d{{1,2}}(?P=sep)\d{{2,4}}|{_MONTH}\.?\s+{_DAY}(?:,?\s+\d{{4}})?"
    rf"|{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?)(?![\w/])",
    "time": r"(?<![\w:.])(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?:\s?[ap]\.?m\b)?(?![\w:])"
    r"|(?<![\w:.])(?:0?[1-9]|1[0-2])\s?[ap]\.?m\b",
    "money": rf"[$€£¥₹]\s?{_AMOUNT}(?:\s?(?:[kmb]|bn|million|billion|thousand)\b)?(?!\w)"
    rf"|(?<![\w.]){_AMOUNT}\s?(?:[$€£¥₹]|(?:dollars?|euros?|pounds?|usd|eur|gbp)\b)",
    "percent": rf"(?<![\w.]){_AMOUNT}\s?%",
    "phone": r"(?<![\w.-])(?:\+\d{1,3}[\s.-]?)?(?:\(\d{3}\)|\d{3})[\s.-]\d{3}[\s.-]\d{4}(?![\w-])",
    "number": rf"(?<![\w.]){_AMOUNT}(?!\w)",
    "emoticon": r"(?<!\S)(?:(?P<happy>[:=]'?-?[)\]]+|\(:|\^_*\^)|(?P<wink>;-?[)\]]+)|(?P<sad>[:=]'?-?[(\[]+)"
    r"|(?P<laugh>[:=x]-?d+)|(?P<tong>[:=]-?p)|(?P<surprise>[:=]-?o))(?!\S)",
    "tokenise": rf"(?P<emoji>(?P<one>{_EMOJI}(?:{_EMOJI_MORE}|\u200d{_EMOJI})*)(?P=one)*)"
    r"|(?P<mark>(?P<first>[^\w\s]|_)(?P=first)*)",
}


@functools.lru_cache(maxsize=64)
def _pattern(spec: TweetNormalSpec) -> re.Pattern[str]:
    """One alternation of the rules in use: at a place the first that fits wins, a placeholder before all."""
    rules = [f"(?P<{name}>{rule})" for name, rule in _RULES.items() if getattr(spec, name)]
    return re.compile("|".join(["(?P<kept><[a-z]+>)", *rules]), re.IGNORECASE)


def _token(match: re.Match[str]) -> str:
    match match.lastgroup:
        case "kept":
            return f" {match[0]} "
        case "emoticon":
            return f" <{next(name for name in _FACES if match[name])}> "
        case "tokenise" if match["emoji"]:
            return f" {match['one']} "
        case "tokenise":  # accents and joiners are parts of the word they stand in
            inside_word = unicodedata.category(match["first"])[0] in "MC"
            return match[0] if inside_word else f" {match['first']} "
    return f" <{match.lastgroup}> "


_FACES = ("happy", "wink", "sad", "laugh", "tong", "surprise")
