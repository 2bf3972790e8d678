"""docs/own_model.md is true: its file and its entry make a model that trains and generates."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest
import torch
import yaml

import raremd.models
from raremd.io.provenance import ROOT
from raremd.learning.generation import generate
from raremd.models import build_model
from raremd.study.load import load_study
from raremd.study.plan import model_plan
from raremd.study.settings import models
from raremd.study.settings.messages import ConfigError

PAGE = (ROOT / "docs" / "own_model.md").read_text()
CODE, OPTIONS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
(ENTRY,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S)


@pytest.fixture
def gru(tmp_path, monkeypatch):
    """The page's file beside the other models, and its entry beside theirs."""
    (name,) = re.findall(r"# workflow/raremd/models/(\w+)\.py", CODE)
    (tmp_path / f"{name}.py").write_text(CODE)
    monkeypatch.setattr(raremd.models, "__path__", [*raremd.models.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, f"raremd.models.{name}", raising=False)
    monkeypatch.setattr(models, "KINDS", dict(models.KINDS))
    monkeypatch.setattr(models, "MyGRUSettings", None, raising=False)
    exec(OPTIONS, vars(models))
    yield yaml.safe_load(ENTRY)
    sys.modules.pop(f"raremd.models.{name}", None)


def study(entry):
    system = {
        "source": {"kind": "four_state", "walkers": 4, "time": 4000},
        "frame_interval": 1,
        "time_unit": "tau",
    }
    return load_study({"systems": {"toy": system}} | entry)


def test_the_entry_is_valid_and_its_typo_is_named(gru):
    assert model_plan(study(gru), "my_gru").settings == {"hidden": 48}
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
