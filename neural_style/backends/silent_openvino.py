"""OpenVINO without telemetry.

By default it reports each import over the network. It does not if its telemetry package is missing:
https://github.com/openvinotoolkit/telemetry.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402  (the line above has to come first)
from openvino import opset13 as opset  # noqa: E402
from openvino.frontend import FrontEndManager  # noqa: E402
from openvino.properties import hint, inference_num_threads  # noqa: E402

__all__ = ["FrontEndManager", "hint", "inference_num_threads", "openvino", "opset"]
