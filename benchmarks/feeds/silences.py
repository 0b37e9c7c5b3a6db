"""Own the proof that silence is flagged, and only silence: simulated days of open market."""

import random
from collections.abc import Sequence
from datetime import datetime

from actors.freshness import DEFAULT_LIMITS, FreshnessTracker
from benchmarks.report import Row
from core.clock import NANOSECONDS_PER_SECOND, ns_from_utc
from core.market import Instrument, Staleness
from core.products import PRODUCTS
from quant.calendars import NEW_YORK, listed_contracts, session_trade_date

_VENUE = "simulated"
_MONTHS = 12
_WATCH_NS = NANOSECONDS_PER_SECOND // 4
_HEARD_EVERY_NS = 5 * NANOSECONDS_PER_SECOND
_SECOND_NS = NANOSECONDS_PER_SECOND
_TRIALS = 100
_FRIDAY = datetime(2026, 9, 18, 10, tzinfo=NEW_YORK)
_MONDAY = datetime(2026, 9, 21, 10, tzinfo=NEW_YORK)


def measure_silences() -> list[Row]:
    """Silence one contract a hundred times, and let a weekend pass with none silent."""
    flagged = sum(_is_flagged_in_time(trial) for trial in range(_TRIALS))
    return [
        Row(
            metric=f"contracts flagged within their limit, of {_TRIALS} that fell silent",
            unit="contracts",
            ours=flagged,
            target=_TRIALS,
            higher_is_better=True,
        ),
        Row(
            metric="false alarms from Friday to Monday",
            unit="alarms",
            ours=len(_weekend_alarms()),
            target=0,
        ),
    ]


def _contracts(products: Sequence[str], now_ns: int) -> list[Instrument]:
    return [
        contract
        for code in products
        if (day := session_trade_date(code, now_ns)) is not None
        for contract in listed_contracts(code, day, _MONTHS)
    ]


def _is_flagged_in_time(trial: int) -> bool:
    """Tell whether one silent contract is flagged at its limit, not before, and no other is.

    The tracker is looked at four times a second, as a feed does; so much may it be late.
    """
    rng = random.Random(trial)  # noqa: S311 - picks moments, not secrets
    opened_ns = ns_from_utc(_FRIDAY)
    contracts = _contracts(tuple(PRODUCTS), opened_ns)
    silent = rng.choice(contracts)
    silent_from_ns = opened_ns + rng.randrange(60 * _SECOND_NS)
    tracker = FreshnessTracker(DEFAULT_LIMITS, _VENUE, _VENUE)
    tracker.expect(contracts, opened_ns)
    next_heard_ns, now_ns = opened_ns, opened_ns
    last_heard_ns, longest_ns = opened_ns, 700 * _SECOND_NS
    while now_ns < silent_from_ns + longest_ns:
        now_ns += _WATCH_NS
        if now_ns >= next_heard_ns:
            next_heard_ns += _HEARD_EVERY_NS
            for contract in contracts:
                if contract != silent or now_ns < silent_from_ns:
                    tracker.observe(contract, now_ns)
                    last_heard_ns = now_ns if contract == silent else last_heard_ns
        alarms = tracker.check(now_ns)
        if alarms:
            late_ns = now_ns - last_heard_ns - int(alarms[0].limit_s * _SECOND_NS)
            return [one.instrument for one in alarms] == [silent] and 0 <= late_ns <= _WATCH_NS
    return False


def _weekend_alarms() -> list[Staleness]:
    """Hear every contract while its market is open, and none while it is closed."""
    now_ns, end_ns = ns_from_utc(_FRIDAY), ns_from_utc(_MONDAY)
    tracker = FreshnessTracker(DEFAULT_LIMITS, _VENUE, _VENUE)
    contracts = _contracts(tuple(PRODUCTS), now_ns)
    tracker.expect(contracts, now_ns)
    alarms: list[Staleness] = []
    next_heard_ns = now_ns
    while now_ns < end_ns:
        now_ns += _SECOND_NS
        if now_ns >= next_heard_ns:
            next_heard_ns += _HEARD_EVERY_NS
            is_open = {code: session_trade_date(code, now_ns) is not None for code in PRODUCTS}
            for contract in contracts:
                if is_open[contract.product]:
                    tracker.observe(contract, now_ns)
        alarms += [one for one in tracker.check(now_ns) if one.is_stale]
    return alarms
