"""Proofs: small results to choose by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..places import PROOFS
from ..tasks.stylize import Stylize

PROOF_SIDE = 512
"""The longest side of a proof, in px, unless another is asked for."""


class Proof(Stylize):
    """Paints a proof, a small result to choose by, at ``data/proofs/<style>/<image>``.

    It is never published. Its size is a parameter like that of other results.
    """

    RESULT_FOLDER = PROOFS


def limit_size(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of tasks with the size of a proof, unless they limit the size themselves."""
    return {**options, "max_side": options["max_side"] or PROOF_SIDE}
