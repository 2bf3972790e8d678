"""docs/own_model.md is true: its file and its entry make a model that trains and generates."""

from __future__ import annotations

import re
import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pytest
import torch
import yaml

from raremd.io.provenance import ROOT
from raremd.learning.generation import generate
from raremd.models import base, build_model
from raremd.study import load as configuration
from raremd.study.load import load_study
from raremd.study.settings import ConfigError

PAGE = (ROOT / "docs" / "own_model.md").read_text()
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
(ENTRY,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S)


@pytest.fixture
def gru(tmp_path, monkeypatch):
    """The page's file beside copies of the models that there are, loaded and registered."""
    folder = tmp_path / "models"
    shutil.copytree(configuration.MODELS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (name,) = re.findall(r"# workflow/raremd/models/(\w+)\.py", CODE)
    path = folder / f"{name}.py"
    path.write_text(CODE)
    monkeypatch.setattr(configuration, "MODELS", folder)
    with pytest.raises(ValueError):  # all are registered before the copy, and not in it alone
        base.model_class("no such model")
    monkeypatch.setattr(base, "_REGISTRY", dict(base._REGISTRY))
    spec = spec_from_file_location(f"raremd.models.{name}", path)
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return yaml.safe_load(ENTRY)


def study(entry):
    system = {
        "source": {"kind": "four_state", "walkers": 4, "time": 4000},
        "frame_interval": 1,
        "time_unit": "tau",
    }
    return load_study({"systems": {"toy": system}} | entry)


def test_the_entry_is_valid_and_its_typo_is_named(gru):
    assert study(gru).model_options("my_gru")["settings"] == {"hidden": 48}
    gru["models"]["my_gru"]["settings"] = {"hiden": 48}
    with pytest.raises(ConfigError, match=r"hiden.*hidden"):
        study(gru)


def test_the_model_learns_a_cycle_and_continues_it(gru):
    torch.manual_seed(1)
    model = build_model("my_gru", 3, gru["models"]["my_gru"]["settings"])
    cycle = torch.arange(60) % 3
    windows = torch.stack([cycle[k : k + 21] for k in range(16)])
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        optimiser.zero_grad()
        model.loss(windows[:, :-1], windows[:, 1:]).backward()
        optimiser.step()
    assert model.loss(windows[:, :-1], windows[:, 1:]).item() < 0.01
    walkers = generate(model, windows[:3, :-1].numpy(), 30, seed=5)
    steps = np.diff(walkers, axis=1) % 3
    assert (steps == 1).all()
