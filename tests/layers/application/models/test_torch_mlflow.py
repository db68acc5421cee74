"""MLflow's folders with a PyTorch program: exported or scripted it answers, pickled it is refused."""

import pytest

from minerva import InvalidData
from minerva.layers.application.models.mlflow_model import MLflow

from .mlflow_folders import ANSWERS, NUMERIC, asked, bring_folder
from .tables import YES_NO


@pytest.mark.parametrize("folder", ["pytorch-exported", "pytorch-script"])
def test_a_program_is_described_and_answers_as_its_module_did(brought, tmp_path, folder):
    bring_folder(folder, tmp_path)
    service = brought(MLflow(), folder, YES_NO, NUMERIC)

    told = service.inspect()

    assert list(told.inputs) == ["feature_0", "feature_1"]  # a tensor has no names
    assert told.output == {"type": "category", "values": [0, 1]}
    assert told.requirements == ["torch==2.13.0"]
    assert service.answer(asked(NUMERIC)) == pytest.approx(ANSWERS[folder], abs=1e-6)


@pytest.mark.parametrize("allow_pickle", [False, True])
def test_a_pickled_module_is_no_program(brought, tmp_path, allow_pickle):
    bring_folder("pytorch-pickle", tmp_path)

    with pytest.raises(InvalidData, match="no program"):
        brought(MLflow(), "pytorch-pickle", YES_NO, NUMERIC).train(allow_pickle=allow_pickle)
