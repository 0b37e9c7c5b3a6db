"""Own `python -m quant.quantum`: evaluate or train QAOA angles of a problem file, without Ray.

Imports nothing heavy, so that `--help` answers at once; commands import what they use.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import typer

from core.errors import InvalidInput
from quant.quantum.command.arguments import angles, spread

if TYPE_CHECKING:
    from rich.console import Console

    from quant.quantum.command.evaluation import Evaluation
    from quant.quantum.progress import Listener, Progress
    from quant.quantum.subspace import Ansatz
    from quant.subset_problem import SubsetProblem

BAD_INPUT = 2
_INTERRUPTED = 130
_PROGRAM = "quant.quantum"
_PIPE_COLUMNS = 200

MixerName = Literal["ring", "ring-exact", "complete", "grover"]
StrategyName = Literal["multistart", "ramp", "interpolate", "fourier"]

_CONVENTIONS = """\b
Conventions:
  FILE      {"mu": [n], "sigma": [n][n], "q": number, "k": integer}, nothing else;
            c(x) = q·xᵀΣx - μᵀx is minimised over subsets of k, unscaled
  start     all C(n, k) subsets with equal amplitude
  layer     exp(-iγc), then the mixer
  mixers    ring        exp(-iβ(XX+YY)/2) edge by edge: even, odd, then (0, n-1)
            ring-exact  exp(-iβ Σ(XX+YY)/2) over the edges of the ring
            complete    the same over all pairs
            grover      exp(-iβ|D><D|), D the start
"""

_EXIT_CODES = """\b
Exit codes:
  0    done
  2    bad input: one line on stderr says what
  130  interrupted"""

app = typer.Typer(
    name=_PROGRAM,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    epilog=_EXIT_CODES,
)

ProblemOption = Annotated[
    Path, typer.Option("--problem", metavar="FILE", help="JSON of mu, sigma, q and k.")
]
MixerOption = Annotated[MixerName, typer.Option(help="What mixes the subsets; see below.")]
TailOption = Annotated[
    float | None,
    typer.Option(
        "--cvar", metavar="A", help="Also the mean of the best part A of the outcomes, 0 < A <= 1."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.")]


@app.callback()
def quantum() -> None:
    """Exact QAOA inside the subsets of k of n, beside the proven optimum of the same problem."""


def _epilog(*examples: str) -> str:
    shown = "\n".join(f"  python -m {_PROGRAM} {example}" for example in examples)
    return f"{_CONVENTIONS}\n\b\nExamples:\n{shown}\n\n{_EXIT_CODES}"


@app.command(
    epilog=_epilog(
        "evaluate --problem p.json --gammas -0.38 --betas 0.27",
        "evaluate --problem p.json --mixer complete --gammas 0.5 0.8 --betas 0.6 0.3 --json",
    )
)
def evaluate(
    problem: ProblemOption,
    gammas: Annotated[
        list[str], typer.Option(metavar="G...", help="p phase angles, spaces or commas between.")
    ],
    betas: Annotated[list[str], typer.Option(metavar="B...", help="As many mixer angles.")],
    mixer: MixerOption = "ring",
    cvar: TailOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate given angles: energy, approximation ratio, probability of the optimum."""
    phase, mixing = angles("gammas", gammas), angles("betas", betas)
    from quant.quantum.command import evaluation

    evaluation.check_angles(phase, mixing)
    evaluation.check_alpha(cvar)
    subsets, ansatz = _read(problem, mixer)
    found = evaluation.evaluate(subsets, ansatz, phase, mixing, cvar)
    _answer(found, {"mixer": mixer}, as_json)


@app.command(
    epilog=_epilog(
        "train --problem p.json --depth 3",
        "train --problem p.json --mixer complete --depth 5 --strategy interpolate --seed 7 --json",
    )
)
def train(
    problem: ProblemOption,
    depth: Annotated[int, typer.Option(min=1, metavar="P", help="How many layers.")] = 3,
    mixer: MixerOption = "ring",
    strategy: Annotated[
        StrategyName,
        typer.Option(
            help="All angles at once from many starts; two heights of a linear ramp; or a layer "
            "more at a time, its angles guessed by interpolation or by their Fourier series."
        ),
    ] = "multistart",
    starts: Annotated[int, typer.Option(min=1, help="Starts; a ramp has one.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same angles.")] = 0,
    cvar: TailOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train the angles by L-BFGS with the adjoint gradient, then evaluate them.

    What is minimised is the energy, or with --cvar the mean of the best part A of the outcomes.
    Progress appears on stderr.
    """
    from quant.quantum.command import evaluation
    from quant.quantum.command.strategies import Strategy, train_by

    evaluation.check_alpha(cvar)
    subsets, ansatz = _read(problem, mixer)
    started = time.perf_counter()
    with _progress() as listener:
        trained = train_by(
            Strategy(strategy),
            ansatz,
            depth,
            seed=seed,
            starts=starts,
            alpha=cvar,
            listener=listener,
        )
    elapsed_s = time.perf_counter() - started
    gammas, betas = np.array(trained.gammas), np.array(trained.betas)
    found = evaluation.evaluate(subsets, ansatz, gammas, betas, cvar)
    facts = {
        "gammas": list(trained.gammas),
        "betas": list(trained.betas),
        "mixer": mixer,
        "strategy": strategy,
        "seed": seed,
        "evaluations": trained.evaluations,
        "training_elapsed_s": elapsed_s,
    }
    _answer(found, facts, as_json)


def _read(path: Path, mixer: MixerName) -> "tuple[SubsetProblem, Ansatz]":
    from core.mixers import Mixer
    from quant.quantum.command.problem_file import parse_problem
    from quant.quantum.subspace import Ansatz

    problem = parse_problem(str(path), path.read_bytes())
    return problem, Ansatz(problem.basis, problem.costs(), Mixer(mixer))


def _answer(found: "Evaluation", facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found.to_json() | facts, indent=2, allow_nan=False))
        return
    from quant.quantum.command.display import evaluation_tables, fact_lines

    console = _console()
    for table in evaluation_tables(found):
        console.print(table)
    for line in fact_lines(found, facts):
        console.print(line, soft_wrap=True)


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # In a pipe nobody can widen the window to read what was cut.
    width = None if stream.isatty() else _PIPE_COLUMNS
    return Console(stderr=stderr, highlight=False, markup=False, width=width)


@contextmanager
def _progress() -> "Iterator[Listener]":
    """Tell on stderr how far a training is: a bar on a terminal, else a line a step."""
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    from quant.quantum.command.display import progress_text

    console = _console(stderr=True)
    columns = (TextColumn("training"), BarColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("")

        def listen(now: "Progress") -> None:
            text = progress_text(now)
            if bar.disable:
                typer.echo(f"training {text}", err=True)
            else:
                bar.update(task, completed=now.done, total=now.total, description=text)

        yield listen


def run(words: Sequence[str]) -> int:
    """Carry out one command and return its exit code; bad input costs one line on stderr."""
    try:
        code = app(
            spread(words or ["--help"]), prog_name=f"python -m {_PROGRAM}", standalone_mode=False
        )
    except InvalidInput as error:
        return _complain(error.detail)
    except typer.TyperException as error:
        return _complain(error.format_message())
    except OSError as error:
        if error.filename is None:
            raise
        return _complain(f"{error.filename}: {error.strerror}")
    except (typer.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    return code if isinstance(code, int) else 0


def _complain(text: str) -> int:
    typer.echo(f"{_PROGRAM}: {' '.join(text.split())}", err=True)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
