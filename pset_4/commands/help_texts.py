"""What `--help` says of the options that commands share."""

from __future__ import annotations

from ..names import DEFAULT_IMAGE, DEFAULT_MODEL

OFFLINE = (
    "Do not ask the remote: work from the cache and the drop-ins. Run again without it to publish."
)
REMOTE = (
    "s3://bucket/prefix or a directory; the source of truth. "
    "Else PSET_4_REMOTE, else the directory 'remote' in the data folder."
)
DATA = "The data folder of this machine. Else PSET_4_DATA, else 'data'."
UPLOADS = (
    "An existing folder to use as the drop-ins, which is only read. Else PSET_4_UPLOADS, else "
    "'uploads' in the data folder."
)
DEBUG = "Show Luigi's log, and tracebacks."
DRY_RUN = "Show what would be published, fetched and painted, and why; write nothing."
FORCE = "Paint again what is current, and let smaller results replace larger ones in the remote."
QUIET = "Print errors only."
JSON = "Print one JSON document on standard output, for programs."
IMAGE = "An image, by name or pattern; may be repeated. Default: all."
FILE = "A style model's file, by name or pattern; may be repeated. Default: all."
PAINTED_IMAGE = (
    "An image, by name or pattern ('lisbon/*.jpg'); may be repeated. "
    f"Default: all drop-ins, else {DEFAULT_IMAGE} or all that the remote has."
)
STYLE = (
    "A style model, by name ('many.onnx@7' for style 7 of a file of many) or pattern; the suffix "
    f"may be left out; may be repeated. Default: all drop-ins, else {DEFAULT_MODEL} or all that "
    "the remote has."
)
EXCLUDE = "Leave out images and models, by name or pattern; may be repeated."
ALL = "Also paint every image and style that the remote has, besides the drop-ins."
RUNNER = (
    "What paints: this process (the default), a program, or an MLflow model. Else PSET_4_RUNNER."
)
PYTHON = (
    "The Python that the runners 'program' and 'mlflow' start; else PSET_4_PYTHON, else this one."
)
UPLOAD = "Publish what is needed first (the default), or write nothing to the remote."
CONFLICT = (
    "If the remote has other bytes under a drop-in's name: fail, use the remote's, or replace them."
)
SCHEDULER = (
    "Run the tasks under luigid, whose page shows them; several processes can then share them. "
    "Port 8082 by default."
)
WORKERS = (
    "How many pictures to paint at once; together they take the --threads and the --memory. "
    "Default: 1."
)
PROOF = "Paint small proofs, in data/proofs and never published: of 512 px, or --max-side."
LIKE = (
    "Paint in the style and with the options of this painting, a file or a result's name, unless "
    "they are given here."
)
ONLY = "Paint only the picks of this file, which the gallery exports."
