"""The JavaScript program speaks of what the ONNX file has; Node.js itself is tried by hand."""

import json
import re
from pathlib import Path

import onnx

from core.export.onnx_file.javascript_program import javascript_program
from core.export.onnx_file.whole_graph import ModelParts, graphs
from core.inspection.predicting.loading import bundle_with_score
from core.models.bundle import read_info
from tests.inspection.conftest import write_bundle

NAMES = ['do"g', "</script>", "Katze \u2028 é"]


def test_the_program_names_the_input_the_output_and_all_classes(tmp_path: Path) -> None:
    info = read_info(write_bundle(tmp_path / "bundle")).model_copy(update={"classes": NAMES})
    program = javascript_program(info, 'on"nx/model.onnx')
    (listed,) = re.findall(r"^const classes = (.*);$", program, re.MULTILINE)
    assert json.loads(listed) == NAMES
    assert listed.isascii()
    assert 'create("on\\"nx/model.onnx")' in program


def test_its_input_and_output_are_those_of_the_file(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle")
    network, info, foreign = bundle_with_score(bundle)
    [(_, model)] = graphs(ModelParts(network, info, foreign), ["fp32"], "photo", True)
    (taken,) = model.graph.input
    program = javascript_program(info, "model.onnx")
    assert f"session.run({{ {taken.name}: pixels }})" in program
    assert taken.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert len(taken.type.tensor_type.shape.dim) == 3
    assert "probabilities" in [one.name for one in model.graph.output]
