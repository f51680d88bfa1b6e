"""A contender that waits for its turns: ``python -m bench.accelerators.worker JOB``.

JOB is JSON. The contender is built, paints once, and says so with an empty line on standard output.
Then it paints for each line of standard input, and answers with the seconds that it took.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from ..contenders import CONTENDERS
from ..painters import Inputs


def main() -> None:
    """Take turns until standard input ends."""
    job = json.loads(sys.argv[1])
    contender = next(each for each in CONTENDERS if each.name == job["contender"])
    picture = np.load(job["picture"])
    painter = contender.build(Inputs(Path(job["weights"]), Path(job["graph"]), job["threads"]))
    painter(picture)
    print(flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        painter(picture)
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main()
