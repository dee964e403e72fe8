"""Runs ONNX's own checker, with shape inference, over every graph of a pack: check-onnx.py PACK_FOLDER"""

import pathlib
import sys

import onnx
import onnx.numpy_helper

faults = 0
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.onnx")):
    try:
        onnx.checker.check_model(str(path), full_check=True)
        # Loading reads every weight from the safetensors file beside the graph.
        model = onnx.load(str(path))
        for tensor in model.graph.initializer:
            onnx.numpy_helper.to_array(tensor)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        print(f"{path}: sound")
    except Exception as error:  # noqa: BLE001 - the checker raises several unrelated classes
        faults += 1
        print(f"{path}: {error}")
sys.exit(1 if faults else 0)
