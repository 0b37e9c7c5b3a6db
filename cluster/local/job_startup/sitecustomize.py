"""Own the refusal of job folders that hide our packages.

Python imports a module of this name from its path at every start, before the first line of a
script, so that plain `ray job submit` is refused too, and a folder named `heliostat` cannot hide
the refusal. Imports nothing but the standard library, since our packages may be what is hidden.
"""

import os
import sys
from importlib.machinery import all_suffixes
from pathlib import Path

PACKAGES = (
    "actors",
    "cluster",
    "core",
    "heliostat",
    "integrations",
    "jobs",
    "quant",
    "serve",
    "storage",
)
REFUSED = 2
_MARK_OF_A_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
_MODULES = {name + suffix for name in PACKAGES for suffix in all_suffixes()}


def shadows(folder: Path) -> list[str]:
    """List what a folder holds under the name of one of our packages, such as `core/`."""
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.name in PACKAGES and entry.is_dir():
            found.append(f"{entry.name}/")
        elif entry.name in _MODULES:
            found.append(entry.name)
    return found


def reason(found: list[str]) -> str:
    """Say why a folder with these in it cannot be the working directory of a job."""
    named = ", ".join(found)
    return (
        f"it holds {named}, which Python would import in place of Heliostat's own; "
        "rename that, or submit from another folder"
    )


def own_folders(path: list[str], ours: str, arguments: list[str]) -> list[Path]:
    """Return where modules of a job come from before ours do: Ray's upload, the script's folder.

    `path` is Python's own, `ours` the entry of it that this module came from, `arguments` the
    words that Python was started with.
    """
    folders = [Path(entry) for entry in path[: path.index(ours)]] if ours in path else []
    for word in arguments[1:]:
        if word in ("-m", "-c"):
            break
        if word.endswith(".py"):
            folders.append(Path(word).absolute().parent)
            break
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def _refuse_shadows() -> None:
    where_we_are = Path(__file__).resolve().parents[3]
    ours = os.path.dirname(__file__)  # noqa: PTH120 - compared with an entry of sys.path as it is
    for folder in own_folders(sys.path, ours, sys.orig_argv):
        found = shadows(folder) if folder.resolve() != where_we_are else []
        if found:
            sys.stderr.write(f"heliostat: the working directory is refused: {reason(found)}.\n")
            sys.stderr.flush()
            # An exception here would be reported as a fault of Python's own start.
            os._exit(REFUSED)


if __name__ == "sitecustomize" and _MARK_OF_A_JOB in os.environ:  # noqa: TID251 - no settings yet
    _refuse_shadows()
