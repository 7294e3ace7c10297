"""Runs the network that bench/runtimes.ts hands over as a list of operations, as a plain PyTorch script would.

Arguments: a JSON file (operations, tensors by name with shape and place), the raw float32 file beside it, and `all` for a
thread on each core instead of PyTorch's own choice. For each line
`N` on stdin it runs the input N times and prints the seconds; `out PATH` writes the result as raw float32.
"""

import json
import os
import sys
import time

import numpy
import torch
import torch.nn.functional as F

if sys.argv[3:] == ["all"]:
    torch.set_num_threads(os.cpu_count() or 1)

with open(sys.argv[1], encoding="utf-8") as file:
    net = json.load(file)
raw = numpy.fromfile(sys.argv[2], dtype=numpy.float32)
values = {
    name: torch.from_numpy(raw[at : at + int(numpy.prod(shape))].reshape(shape).copy())
    for name, (shape, at) in net["tensors"].items()
}


def run():
    have = dict(values)
    for op, names, output, option in net["nodes"]:
        given = [have[name] for name in names if name in have]
        if op == "Conv":
            result = F.conv2d(*given, padding=option["pad"], groups=option["group"])
        elif op == "Relu":
            result = F.relu(given[0])
        elif op == "PRelu":
            result = F.prelu(given[0], given[1].reshape(-1))
        elif op == "Add":
            result = given[0] + given[1]
        elif op == "Mul":
            result = given[0] * given[1]
        elif op == "Reshape":
            result = given[0].reshape(-1, 1, 1, 1)
        elif op == "DepthToSpace":
            result = F.pixel_shuffle(given[0], option["factor"])
        else:
            raise ValueError(op)
        have[output] = result
    return have[net["output"]]


with torch.inference_mode():
    print(torch.__version__, torch.get_num_threads(), flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "out":
            run().numpy().astype(numpy.float32).tofile(words[1])
            print("written", flush=True)
            continue
        since = time.perf_counter()
        for _ in range(int(words[0])):
            run()
        print(time.perf_counter() - since, flush=True)
