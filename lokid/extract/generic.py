"""What many tools write alike: ``error: ...``, and the shell's own complaints."""

from __future__ import annotations

from lokid.extract.extractor import CAUSE, ECHO, SUM, Extractor, by_pattern


def _rule(rank: int, words: tuple[str, ...], pattern: str) -> Extractor:
    find = by_pattern(rf"(?P<whole>{pattern})", "{whole}")
    return Extractor(name=pattern, words=words, find=find, samples=(), rank=rank)


EXTRACTORS = (
    _rule(CAUSE, ("error[E",), r"error\[E\d{4}\]: .+"),
    _rule(CAUSE, ("error ",), r"\S.*\berror (?:TS|CS|C|LNK|FS|MSB)\d+\s?: .+"),
    _rule(CAUSE, ("error: ",), r"\S+?:\d+(?::\d+)?: (?:fatal )?error: .+"),
    _rule(CAUSE, ("npm ",), r"npm (?:error|ERR!) code \S+"),
    _rule(CAUSE, ("not found",), r"(?:\S+: )?(?:line \d+: |\d+: )?\S+: (?:command )?not found$"),
    _rule(CAUSE, ("not found: ",), r"zsh: command not found: \S+"),
    _rule(CAUSE, ("Permission denied", "No such file"), r"[\w./+-]+: .*\b(?:Permission denied|No such file or directory)$"),
    _rule(CAUSE, ("error: ",), r"[A-Za-z][\w./+@-]*: (?:fatal )?error: .+"),
    _rule(CAUSE, ("fatal: ",), r"fatal: .+"),
    _rule(CAUSE, ("--- FAIL",), r"--- FAIL: \S+.*"),
    _rule(CAUSE, ("panic: ",), r"panic: .+"),
    _rule(CAUSE, ("API Error",), r"API Error: \d{3}\b.*"),
    _rule(CAUSE, ("imit", "equests", "nvalid", "auth", "overl", "401 "), r"(?i:(?:.*\b)?(?:rate[_ ]limit(?:ed|_error| exceeded| reached)|too many requests|usage limit reached|invalid api key|authentication_error|overloaded_error|401 unauthorized)\b.*)"),
    _rule(CAUSE, ("HTTP", "status"), r"(?:HTTP(?:/\S+)?|status(?: code)?)[ :=]+(?:401|403|429|5\d\d)\b.*"),
    _rule(SUM, ("rror: ", "RROR: ", "FATAL: ", "CRITICAL: "), r"(?:Error|ERROR|error|FATAL|CRITICAL): \S.*"),
    _rule(ECHO, ("make",), r"make(?:\[\d+\])?: \*\*\* .+"),
)
