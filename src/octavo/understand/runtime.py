"""What both encoders need to run: files made once from packaged weights and kept for every later start, and the session
that runs a graph.

The files lie in the user's cache, one folder a version, which appears at once or not at all, however many processes make
it together.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import platformdirs

if TYPE_CHECKING:
    import onnxruntime

CACHE_VARIABLE = "OCTAVO_MODEL_CACHE"


class EncoderUnavailable(RuntimeError):
    """An encoder could not be prepared. The fast tier works without it; preparing may be tried again."""


def once(name: Callable[[], str], write: Callable[[Path], None], *, what: str) -> Path:
    """The folder of the cache called `name()`; where it is missing, `write` fills it. Whatever goes wrong, in `name` too,
    raises `EncoderUnavailable`, which says that `what` could not be prepared.
    """
    try:
        root = cache_folder()
        folder = root / name()
        if folder.is_dir():
            return folder
        root.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=root))
        try:
            write(unfinished)
            unfinished.chmod(0o755)  # a temporary folder is its owner's alone; the cache may be shared
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was quicker
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return folder
    except Exception as cause:
        raise EncoderUnavailable(
            f"{what} could not be prepared ({type(cause).__name__}: {cause}); "
            f"point {CACHE_VARIABLE} to a folder that can be written to, or read with a lighter tier"
        ) from cause


def cache_folder() -> Path:
    """Where prepared encoders are kept: named by `OCTAVO_MODEL_CACHE`, else `octavo` in the user's cache folder."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("octavo"))


def fingerprint(weights: Path) -> str:
    """Changes with tuned weights, so that no graph made of others is used with them."""
    with np.load(weights, allow_pickle=False) as stored:
        return str(stored["fingerprint"])


def session(graph: Path) -> onnxruntime.InferenceSession:
    """A graph made ready to run."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(4, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    # No two batches are of one shape: a plan of the memory for each would be kept and never used again.
    options.enable_mem_pattern = False
    # Waiting threads sleep: the machine also runs a database.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    # Made one operator, sum and normalisation take the runtime five times as long as one after the other.
    apart = ["SkipLayerNormFusion"]
    return onnxruntime.InferenceSession(
        str(graph), options, providers=["CPUExecutionProvider"], disabled_optimizers=apart
    )
