"""`torch.model` keeps the contract, with an exported program and with TorchScript."""

import warnings

import pytest
import torch

from minerva.layers.application.models.torch_model import Torch

from .with_a_file import WithAFile, named

pytestmark = pytest.mark.filterwarnings("ignore::minerva.testing.Advice")


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    """A workspace with the same net in both formats."""
    folder = tmp_path_factory.mktemp("brought")
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Softmax(1)).eval()
    rows, some = torch.zeros(2, 2), ({0: torch.export.Dim("records")},)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(net, (rows,), dynamic_shapes=some)
        torch.export.save(program, folder / "model.pt2")
        torch.jit.save(torch.jit.trace(net, rows), folder / "model.pt")
    return folder


@pytest.fixture(autouse=True)
def no_folder_of_this_process(monkeypatch):
    """PyTorch leaves word to children where its cache is; a fresh process is to have its own."""
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)


class TestExportedProgram(WithAFile):
    algorithm = Torch()
    parameters = named("model.pt2")


class TestTorchScript(WithAFile):
    algorithm = Torch()
    parameters = named("model.pt")
