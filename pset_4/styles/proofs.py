"""Proofs: small results to choose by."""

from __future__ import annotations

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


def make_proofs(options: dict[str, Any]) -> type[Proof]:
    """Return the task of proofs, and limit their size in its parameters unless they do."""
    options["max_side"] = options["max_side"] or PROOF_SIDE
    return Proof
