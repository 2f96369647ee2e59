"""Date filters of lists: the operator is the last character of the name (reference, 0, 1.4 and 5.4)."""

from datetime import UTC, datetime, time, timedelta

from mixminus.api.form import Form
from mixminus.store.contract import Is, Where

MIDNIGHT = time()

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def on_days(form: Form, name: str, field: str) -> list[Where]:
    """Conditions for a filter that takes days only, as conferences do: a date-time is refused (reference, 1.4)."""
    conditions = []
    if (day := _day(form, name)) is not None:
        conditions += _within(field, day, _DAY)
    if (day := _day(form, f"{name}<")) is not None:
        conditions.append(Where(field, Is.BELOW_OR_EQUAL, day))
    if (day := _day(form, f"{name}>")) is not None:
        conditions.append(Where(field, Is.AT_LEAST, day))
    return conditions


def at_times(form: Form, name: str, field: str) -> list[Where]:
    """Conditions for a filter that takes days or date-times: `<` is before, `>` is on or after."""
    conditions = []
    if (moment := _day_or_time(form, name)) is not None:
        # SDKs write the day that they were given as its midnight.
        conditions += _within(field, moment, _DAY if moment.time() == MIDNIGHT else _SECOND)
    if (moment := _day_or_time(form, f"{name}<")) is not None:
        conditions.append(Where(field, Is.BELOW, moment))
    if (moment := _day_or_time(form, f"{name}>")) is not None:
        conditions.append(Where(field, Is.AT_LEAST, moment))
    return conditions


def _within(field: str, start: datetime, length: timedelta) -> list[Where]:
    conditions = [Where(field, Is.AT_LEAST, start)]
    if start <= datetime.max.replace(tzinfo=UTC) - length:
        conditions.append(Where(field, Is.BELOW, start + length))
    return conditions


def _day(form: Form, name: str) -> datetime | None:
    text = form.word(name)
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise form.refusal(name, "must be a day such as 2026-01-31") from None


def _day_or_time(form: Form, name: str) -> datetime | None:
    text = form.word(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise form.refusal(name, "must be a day or a time such as 2026-01-31T12:00:00Z") from None
