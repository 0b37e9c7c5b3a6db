"""Feed one codec inputs that reach ever more of its code, until one makes it fail.

`python tests/fuzz/run_fuzzer.py CODEC --runs N --seed S`, from the root of the checkout. The same
seed tries the same inputs. Only what a codec says about an input may differ: it never raises
anything but what it promises, gives no event of what it calls bad, and its state can be taken over.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(
    include=[
        "integrations.cme",
        "integrations.ice",
        "integrations.openweather",
        "core.market",
        "jobs.parsing",
    ]
):
    from core.errors import BadFrame, InvalidInput
    from core.weather import STATIONS
    from integrations.cme.codec import CmeDecoder, decode_control
    from integrations.cme.reference import decode_instruments, decode_schedule
    from integrations.ice.codec import IceDecoder
    from integrations.ice.definitions import read_definition
    from integrations.ice.fix import FixFramer, checksum, frame_problem
    from integrations.openweather.codec import (
        decode_current,
        decode_forecast,
        decode_one_call,
        decode_refusal,
    )
    from jobs.parsing.qasm_source import check_source
    from jobs.parsing.qpy_header import OLDEST_VERSION, read_header
    from jobs.parsing.wire import Ended, read_answer, readable

from core.market import Quote, Settlement, Trade
from storage.copy_rows import quote_chunks, trade_chunks

Mutator = Callable[[bytes, int, int], bytes]
MakeMutator = Callable[[Sequence[bytes]], Mutator]
DATA = Path(__file__).parents[1] / "data"
NOW_NS = 1_795_190_400_000_000_000
BETWEEN = b"\n"
# Of some messages, or of a whole forecast: time goes by the byte.
MAX_BYTES = {"cme": 2_048, "ice": 1_536, "openweather": 8_192, "programs": 1_024}
ENTRIES_OF_A_DAY = 8
HEAD_BYTES, TRAILER_BYTES = len("8=FIX.4.4\x019="), len("10=000\x01")


def decode_all(decoder: Any, copy: Any, frames: Sequence[bytes]) -> None:
    """Decode frames; `copy` takes over before the last one and must say the same of it."""
    for number, frame in enumerate(frames, 1):
        if number == len(frames):
            copy.restore(decoder.checkpoint())
        decoded = decoder.decode(frame, NOW_NS + number)
        assert not (decoded.bad and decoded.events), decoded
        check_storable(decoded.events)
        if number == len(frames):
            assert copy.decode(frame, NOW_NS + number) == decoded


def check_storable(events: Sequence[Any]) -> None:
    """Encode ticks as the database takes them: one that cannot be would come back for ever."""
    for event in events:
        if isinstance(event, Quote):
            assert b"".join(quote_chunks({event.instrument: [event]}))
        elif isinstance(event, Trade):
            assert b"".join(trade_chunks({event.instrument: [event]}))
        elif isinstance(event, Settlement):
            assert event.price.is_finite()


def fuzz_cme(data: bytes) -> None:
    """Take lines as the frames of one session, and the first one as reference data too."""
    frames = data.split(BETWEEN)
    decode_all(CmeDecoder(1, "cme"), CmeDecoder(1, "cme"), frames)
    decode_control(frames[0])
    for decode in (lambda body: decode_instruments(body, "CL"), decode_schedule):
        promised(decode, frames[0])


def fuzz_ice(data: bytes) -> None:
    """Take what begins as a stream for one that comes in two reads, else lines as bodies."""
    if data.startswith(b"8"):
        framer, middle = FixFramer(), len(data) // 2
        frames = framer.feed(data[:middle]) + framer.feed(data[middle:])
        assert b"".join(frames) == data[: len(data) - framer.waiting_bytes]
    else:
        frames = [framed(body) for body in data.split(BETWEEN)]
    decode_all(IceDecoder(1, "ice"), IceDecoder(1, "ice"), frames)
    for frame in frames[:1]:
        if frame_problem(frame) is None:
            promised(read_definition, frame)


def framed(body: bytes) -> bytes:
    content = b"8=FIX.4.4\x019=%d\x01%b" % (len(body), body)
    return content + b"10=%03d\x01" % checksum(content)


def fuzz_openweather(data: bytes) -> None:
    """Take the whole as each kind of answer."""
    station = next(iter(STATIONS.values()))
    for decode in (decode_one_call, decode_current, decode_forecast):
        promised(
            lambda body, decode=decode: decode(
                body, station=station, source="openweather", received_ns=NOW_NS
            ),
            data,
        )
    decode_refusal(data, 401)


def fuzz_programs(data: bytes) -> None:
    """Take the whole as text, as a QPY file, and as what a process that was taken over may say."""
    text = data.decode(errors="replace")
    assert readable(text).isprintable()
    for look, content in ((check_source, text), (read_answer, data)):
        refused(look, content)
    header = refused(read_header, data)
    assert header is None or header.version >= OLDEST_VERSION


def refused(look: Callable[[Any], Any], content: Any) -> Any:
    try:
        return look(content)
    except (InvalidInput, Ended):
        return None


def promised(decode: Callable[[bytes], Any], content: bytes) -> None:
    try:
        decode(content)
    except BadFrame:
        return


def cme_corpus() -> list[bytes]:
    """Return every payload, and three of them as one session."""
    frames = [compact(path) for path in sorted((DATA / "cme").glob("*-*.json"))]
    sessions = [BETWEEN.join(frames[start : start + 3]) for start in range(0, len(frames), 3)]
    return [*frames, *sessions]


def ice_corpus() -> list[bytes]:
    """Return three messages at a time, once as a stream and once as a body a line."""
    corpus = []
    for path in sorted((DATA / "ice").glob("*.fix")):
        frames = FixFramer().feed(path.read_bytes())[:120]
        for start in range(0, len(frames), 3):
            some = frames[start : start + 3]
            bodies = [
                frame[frame.index(b"\x01", HEAD_BYTES) + 1 : -TRAILER_BYTES]
                for frame in some
                if frame.startswith(b"8=FIX.4.4\x019=")
            ]
            corpus += [b"".join(some), BETWEEN.join(bodies)]
    return corpus


def openweather_corpus() -> list[bytes]:
    """Return every payload."""
    folder = DATA / "openweather"
    return [compact(path) for path in sorted(folder.glob("*.json")) if path.stem != "metadata"]


def programs_corpus() -> list[bytes]:
    """Return programs, the beginning of a QPY file, and answers."""
    return [
        b'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q; // two\nh q[0]; cx q[0], q[1];',
        b"@note x\npragma y\n/* z */ creg c[10001]; include 'other.inc';",
        b"QISKIT" + bytes([18, 2, 6, 2]) + (1).to_bytes(8, "big") + b"p",
        b'{"refused":"line 1, column 2: no"}',
        b'{"circuit":{"qpy":"UUlTS0lUEgICAgAAAAAAAAABcA==","qubits":2,"clbits":0,"parameters":["t"],'
        b'"gates":3,"two_qubit_gates":1,"depth":2,"cut_bits":1,"is_clifford":false,'
        b'"is_measured":false,"is_dynamic":false}}',
    ]


def compact(path: Path) -> bytes:
    """Return a document without its spaces and the most of its lists."""
    return json.dumps(shortened(json.loads(path.read_bytes())), separators=(",", ":")).encode()


def shortened(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: shortened(value) for key, value in node.items()}
    if not isinstance(node, list):
        return node
    # The entries of a whole day are looked at together.
    return [shortened(value) for value in node[: ENTRIES_OF_A_DAY + 2]]


def json_mutator(corpus: Sequence[bytes]) -> Mutator:
    """Return what changes values of one line, so that most inputs are still JSON.

    A line that is none any more makes room for one of the corpus now and then.
    """
    seeds = [frame for content in corpus for frame in content.split(BETWEEN)]

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.1:
            return bytes(atheris.Mutate(data, max_size))
        lines = data.split(BETWEEN)
        place = rng.randrange(len(lines))
        document = parsed(lines[place])
        if document is None:
            document = parsed(rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            change(document, rng)
        lines[place] = json.dumps(document, separators=(",", ":")).encode()
        if rng.random() < 0.2:
            lines.insert(rng.randrange(len(lines)), rng.choice(lines))
        return BETWEEN.join(lines)[:max_size]

    return mutate


def parsed(line: bytes) -> Any:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


NUMBERS = (0, 1, -1, 2**31, 2**63, 2**64, -(2**63), 1.5, -0.0, 1e308, -273.15, 359, 100, 1e-320)
WORDS = (
    "", "0", "-1", "NaN", "Infinity", "1e400", "1e-400", "٣", "\0", "\ud800", "x" * 300, "FUT",
    "OOF", "CL", "2026-11-20", "2026-11-20T23:17:05.712524071Z", "9999-12-31T23:59:59Z", "202613",
    "TOB",
)  # fmt: skip
OTHERS = (None, True, False, [], {}, *NUMBERS, *WORDS)


def another(value: Any, rng: random.Random) -> Any:
    """Return a value to stand for this one: mostly one of its kind."""
    if isinstance(value, bool) or rng.random() < 0.3:
        return rng.choice(OTHERS)
    if isinstance(value, int | float):
        return rng.choice((*NUMBERS, value + 1, value - 1, value * 10, -value, value // 1))
    if isinstance(value, str) and rng.random() < 0.5:
        mutated = bytes(atheris.Mutate(value.encode(errors="replace"), 300))
        return mutated.decode(errors="replace")
    return rng.choice(WORDS if isinstance(value, str) else OTHERS)


def change(document: Any, rng: random.Random) -> None:
    node = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = rng.choice(keys)
        inner = node[key]
        if not isinstance(inner, dict | list) or not inner or rng.random() < 0.15:
            break
        node = inner
    action = rng.random()
    if action < 0.1:
        del node[key]
    elif action < 0.2 and isinstance(node, list):
        node.append(inner)
    else:
        node[key] = another(inner, rng)


def mutate_bytes(data: bytes, max_size: int, _: int) -> bytes:
    """Change any byte."""
    return bytes(atheris.Mutate(data, max_size))


def mutate_fields(data: bytes, max_size: int, seed: int) -> bytes:
    """Change, drop, double or move one field of FIX, so that most messages keep their form."""
    rng = random.Random(seed)
    fields = data.split(b"\x01")
    place = rng.randrange(len(fields))
    action = rng.random()
    if action < 0.3:
        return bytes(atheris.Mutate(data, max_size))
    tag, _, value = fields[place].partition(b"=")
    if action < 0.5:
        value = rng.choice(
            (b"", b"0", b"-1", b"9" * 20, b"1.5", b"NaN", b"\xb3", b"20261320", b"Y")
        )
        fields[place] = tag + b"=" + value
    elif action < 0.7:
        fields[place] = tag + b"=" + bytes(atheris.Mutate(value, 64))
    elif action < 0.8:
        del fields[place]
    elif action < 0.9:
        fields.insert(place, rng.choice(fields))
    else:
        other = rng.randrange(len(fields))
        fields[place], fields[other] = fields[other], fields[place]
    return b"\x01".join(fields)[:max_size]


CODECS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]], MakeMutator]] = {
    "cme": (fuzz_cme, cme_corpus, json_mutator),
    "ice": (fuzz_ice, ice_corpus, lambda _: mutate_fields),
    "openweather": (fuzz_openweather, openweather_corpus, json_mutator),
    "programs": (fuzz_programs, programs_corpus, lambda _: mutate_bytes),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("codec", choices=CODECS)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    target, make_corpus, make_mutator = CODECS[arguments.codec]
    corpus = make_corpus()
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(corpus):
            (Path(folder) / f"{number:03d}").write_bytes(content)
        options = {
            "runs": arguments.runs,
            "seed": arguments.seed,
            "max_len": MAX_BYTES[arguments.codec],
            "mutate_depth": 1,
            "timeout": 20,
            "rss_limit_mb": 4096,
            "print_final_stats": 1,
        }
        words = [f"-{name}={value}" for name, value in options.items()]
        atheris.Setup(
            ["run_fuzzer.py", *words, f"-artifact_prefix={tempfile.gettempdir()}/", folder],
            target,
            custom_mutator=make_mutator(corpus),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
