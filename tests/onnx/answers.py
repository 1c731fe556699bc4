"""Computes ONNX files with onnxruntime, one request a line: {"file", "rows"} in, the outputs by name out.

Each file is judged by onnx.checker first, with the shapes that follow from its operators.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime

for line in sys.stdin:
    request = json.loads(line)
    onnx.checker.check_model(request["file"], full_check=True)
    session = onnxruntime.InferenceSession(request["file"], providers=["CPUExecutionProvider"])
    (features,) = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    rows = np.array(request["rows"], dtype=np.float64)
    answers = session.run(names, {features.name: rows})
    types = [features.type, *(output.type for output in session.get_outputs())]
    notes = session.get_modelmeta().custom_metadata_map
    print(
        json.dumps(
            {
                "types": types,
                "notes": notes,
                "outputs": {name: answer.tolist() for name, answer in zip(names, answers, strict=True)},
            }
        )
    )
