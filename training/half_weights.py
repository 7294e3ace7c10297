"""Store large weights of an ONNX file as float16 with a Cast beside each: half the size, float32 arithmetic."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

SMALLEST = 1024


def round_to_half(net: nn.Module) -> None:
    """What the file will hold, so that PyTorch and the file agree."""
    with torch.no_grad():
        for p in net.parameters():
            if p.numel() >= SMALLEST:
                p.copy_(p.half().float())


def store_half(file: Path) -> None:
    model = onnx.load(str(file))
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or int(np.prod(tensor.dims)) < SMALLEST:
            continue
        values = numpy_helper.to_array(tensor)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half"))
        casts.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(file))
