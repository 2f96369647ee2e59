"""What the verdicts add up to: rates with their intervals, times with their percentiles, and each failure by name."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.listening.referee import Missed, OverVerdict, TurnVerdict, Verdict
from bench.listening.scripts import Kind, Pause
from bench.listening.words import Word, heard_words, plain

GROUP_WORDS: Final = 2
"""A word group of our agent: what its context may be wrong by."""
NO_TURN: Final = (Kind.BACKCHANNEL, Kind.COUGH, Kind.KNOCK, Kind.MUSIC)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what was measured, of how many, the aim, and whether it is met (None: no aim)."""

    what: str
    n: int
    measured: str
    aim: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Something to listen to."""

    call: str
    at_s: float
    what: str


def rate(hits: int, n: int) -> str:
    """A share, and its 95 % interval (Wilson, 1927)."""
    if not n:
        return "–"
    share, z = hits / n, 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    side = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"{100 * share:.1f} % ({100 * max(0.0, middle - side):.0f}–{100 * min(1.0, middle + side):.0f})"


def percentile(values: Sequence[float], share: float) -> float:
    """Of the values as they are: nothing is interpolated."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def times(values: Sequence[float]) -> str:
    """p50, p95, worst."""
    if not values:
        return "–"
    return f"{percentile(values, 0.5):.2f} / {percentile(values, 0.95):.2f} / {max(values):.2f} s"


def rows(verdicts: Sequence[Verdict], greeting: Sequence[Word]) -> list[Row]:
    """The table."""
    turns = [each for each in verdicts if isinstance(each, TurnVerdict)]
    overs = [each for each in verdicts if isinstance(each, OverVerdict)]
    found = [*_answers(turns), *_cut_ins(turns), *_interruptions(overs, greeting), *_others(overs), _missed(verdicts)]
    return [row if row.n else replace(row, met=None) for row in found]  # of nothing, nothing is met or missed


def _answers(turns: Sequence[TurnVerdict]) -> Iterable[Row]:
    plainly = [each for each in turns if each.cut_in_s is None]
    found = [math.inf if each.answer_s is None else each.answer_s for each in plainly]
    p50, p95 = percentile(found, 0.5), percentile(found, 0.95)
    yield Row("caller's last sound to agent's first, p50 / p95 / worst", len(found), times(found), "0.8 / 1.5 s",
              bool(found) and p50 < 0.8 and p95 < 1.5)  # fmt: skip


def _cut_ins(turns: Sequence[TurnVerdict]) -> Iterable[Row]:
    clear = [each for each in turns if each.pause is not Pause.AFTERTHOUGHT]
    for what, among in (
        ("agent talks into an answer", clear),
        ("… of those with a pause of 0.5 to 1.5 s inside", [each for each in clear if each.pause is Pause.INSIDE]),
        ("… where the sentence could have been over", [each for each in turns if each.pause is Pause.AFTERTHOUGHT]),
    ):
        hits = sum(each.cut_in_s is not None for each in among)
        aim = "≤ 5 %" if among is clear else ""
        yield Row(what, len(among), rate(hits, len(among)), aim, hits <= 0.05 * len(among) if aim else None)


def _interruptions(overs: Sequence[OverVerdict], greeting: Sequence[Word]) -> Iterable[Row]:
    mine = [each for each in overs if each.kind is Kind.INTERRUPTION]
    stops = [math.inf if each.stop_s is None else each.stop_s for each in mine]
    yield Row("interruption to the agent's last sound, p50 / p95 / worst", len(stops), times(stops), "p95 < 0.3 s",
              bool(stops) and percentile(stops, 0.95) < 0.3)  # fmt: skip
    yielded = sum(each.yielded for each in mine)
    yield Row("yields to an interruption", len(mine), rate(yielded, len(mine)), "≥ 95 %", yielded >= 0.95 * len(mine))
    off = [abs(words_off(each, greeting)) for each in mine if each.yielded and each.context is not None and greeting]
    right = sum(each <= GROUP_WORDS for each in off)
    yield Row(f"context is what was heard, within {GROUP_WORDS} words", len(off), rate(right, len(off)), "all",
              right == len(off) if off else None)  # fmt: skip


def _others(overs: Sequence[OverVerdict]) -> Iterable[Row]:
    every = [each for each in overs if each.kind in NO_TURN]
    yielded = sum(each.yielded for each in every)
    yield Row("yields to backchannels, coughs, knocks, music", len(every), rate(yielded, len(every)), "≤ 5 %",
              yielded <= 0.05 * len(every))  # fmt: skip
    for kind in NO_TURN:
        mine = [each for each in every if each.kind is kind]
        held = [each.silent_s for each in mine if each.stop_s is not None]
        pauses = f"; paused {len(held)} times, {times(held)}" if held else "; never paused"
        yield Row(f"… {kind.value}", len(mine), rate(sum(each.yielded for each in mine), len(mine)) + pauses)


def _missed(verdicts: Sequence[Verdict]) -> Row:
    missed = [each for each in verdicts if isinstance(each, Missed)]
    return Row("not judged", len(verdicts), str(len(missed)))


def words_off(verdict: OverVerdict, greeting: Sequence[Word]) -> int:
    """How many words more the context has of the greeting than were heard of it."""
    expected = [word.text for word in greeting]
    kept = plain(verdict.context or "")
    same = next((n for n, (one, other) in enumerate(zip(kept, expected, strict=False)) if one != other), None)
    return (min(len(kept), len(expected)) if same is None else same) - heard_words(list(greeting), verdict.played_s)


def failures(verdicts: Sequence[Verdict], greeting: Sequence[Word]) -> list[Failure]:
    """What a person should hear."""
    found: list[Failure] = []
    for each in verdicts:
        match each:
            case Missed():
                found.append(Failure(each.call, 0.0, f"not judged: {each.name}: {each.why}"))
            case TurnVerdict() if each.cut_in_s is not None:
                text = f"talks {each.cut_in_s:.2f} s into a pause of {each.pause_s:.2f} s ({each.pause}): {each.name}"
                found.append(Failure(each.call, each.at_s, text))
            case TurnVerdict() if each.answer_s is None or each.answer_s > 1.5:
                late = "no answer" if each.answer_s is None else f"answers after {each.answer_s:.2f} s"
                found.append(Failure(each.call, each.at_s, f"{late}: {each.name}"))
            case OverVerdict() if each.yielded is not (each.kind is Kind.INTERRUPTION):
                what = "yields to" if each.yielded else "does not yield to"
                found.append(
                    Failure(each.call, each.at_s, f"{what} {each.kind}, silent {each.silent_s:.2f} s: {each.name}")
                )
            case OverVerdict() if each.kind is Kind.INTERRUPTION and (each.stop_s or 0) > 0.3:
                found.append(Failure(each.call, each.at_s, f"stops after {each.stop_s:.2f} s: {each.name}"))
            case OverVerdict() if each.kind is Kind.INTERRUPTION and each.context is not None and greeting:
                if abs(off := words_off(each, greeting)) > GROUP_WORDS:
                    found.append(Failure(each.call, each.at_s, f"context is off by {off} words: {each.name}"))
    return found


def table(found: Sequence[Row]) -> str:
    """For docs/agents.md."""
    met: Callable[[bool | None], str] = lambda yes: "" if yes is None else "yes" if yes else "**no**"  # noqa: E731
    lines = ["| what | n | measured | aim | met |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {r.what} | {r.n} | {r.measured} | {r.aim} | {met(r.met)} |" for r in found)])


def holds(found: Sequence[Row]) -> bool:
    return not any(row.met is False for row in found)
