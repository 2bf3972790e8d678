"""docs/own_data.md and docs/config.md are true: each example is run, and nothing has drifted."""

from __future__ import annotations

import re
from pathlib import Path

import mdtraj
import numpy as np
import pytest
import yaml
from whole_features import read_features

from raremd.data.imported.imported import import_source
from raremd.data.imported.sources import downloads, matching_files
from raremd.io.provenance import ROOT
from raremd.study.load import check_files, load_study
from raremd.study.reference_page import reference

DOCS = ROOT / "docs"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (DOCS / "own_data.md").read_text(), flags=re.S)
TEMPLATES = ["own_trajectory", "own_features", "own_dtraj", "mdshare_alanine"]


def peptide(n_frames=30):
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    for k in range(5):
        residue = topology.add_residue("ALA", chain, resSeq=k + 1)
        for name in ("N", "CA", "C", "O"):
            topology.add_atom(name, mdtraj.element.get_by_symbol(name[0]), residue)
    topology.create_standard_bonds()
    rng = np.random.default_rng(3)
    steps = rng.normal(size=(1, 20, 3))
    xyz = (1.5 * steps / np.linalg.norm(steps, axis=2, keepdims=True)).cumsum(axis=1)
    xyz = xyz + 0.2 * rng.normal(size=(n_frames, 20, 3))
    times = 100.0 * np.arange(n_frames)
    return mdtraj.Trajectory((0.1 * xyz).astype(np.float32), topology, time=times)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with small files of every kind the page speaks of."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    rng = np.random.default_rng(4)
    molecule = peptide()
    molecule[0].save(str(data / "topology.pdb"))
    for k in (1, 2):
        molecule[15 * (k - 1) : 15 * k].save(str(data / f"trajectory_{k}.xtc"))
        angles = rng.uniform(-180, 180, size=(20, 2))
        lines = [f"{0.5 * n},{a},{b}" for n, (a, b) in enumerate(angles)]
        (data / f"{k}.csv").write_text("\n".join(["time,phi,psi", *lines]))
        np.save(data / f"{k}.npy", np.deg2rad(angles))
        np.savetxt(data / f"{k}.txt", 1 + rng.integers(4, size=40), fmt="%d")
        header = "#! FIELDS time phi\n#! SET min_phi -pi\n#! SET max_phi pi\n"
        rows = "".join(f"{0.2 * n:.6f} {a:.6f}\n" for n, a in enumerate(np.deg2rad(angles[:, 0])))
        (data / f"COLVAR.{k}").write_text(header + rows)
    np.savez(
        data / "alanine-dipeptide-3x250ns-backbone-dihedrals.npz", *rng.normal(size=(3, 20, 2))
    )
    return tmp_path


def run(text):
    """Check a configuration and import its data, as the first job would."""
    study = load_study(yaml.safe_load(text))
    check_files(study, Path())
    (system,) = study.settings.systems.values()
    source = system.source.files_of()  # what a study downloads lies in data/ here
    files = [f"data/{f}" for f in downloads(source)] or matching_files(source.files)
    import_source(source, files, system.frame_interval, system.time_unit, "features.h5")
    return read_features("features.h5")


def with_map(folder):
    """Text files and a map lie in one folder, as on the page; the glob must not take the map."""
    (folder / "data" / "map.dat").write_text("1 1\n2 1\n3 2\n4 2\n")


FEATURES = {
    "my_protein": "phi_ALA2",
    "my_molecule": "phi",
    "from_plumed": "phi",
    "my_states": "state",
    "alanine_dipeptide": "phi",
}


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda t: t.split()[1].strip(":"))
def test_examples_of_the_page(folder, text):
    assert len(text.splitlines()) <= 15
    with_map(folder)
    features = run(text)
    assert len(features.trajectories) >= 2
    assert features.feature_names[0] == FEATURES[next(iter(yaml.safe_load(text)["systems"]))]


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates(folder, name):
    text = (ROOT / "config" / f"{name}.yaml").read_text()
    assert len([line for line in text.splitlines() if not line.startswith("#")]) <= 15
    with_map(folder)
    features = run(text)
    assert features.feature_names[0] == FEATURES[next(iter(yaml.safe_load(text)["systems"]))]
    assert (features.periods[0] > 0) == (name != "own_dtraj")


def test_the_page_has_every_kind_of_source():
    kinds = {yaml.safe_load(t)["systems"].popitem()[1]["source"]["kind"] for t in EXAMPLES}
    assert kinds == {"trajectory", "features", "dtraj"}


def test_the_page_is_that_of_the_settings():
    assert (DOCS / "config.md").read_text() == reference(), (
        "run python -m raremd.study.reference_page"
    )


def test_every_key_is_described():
    for line in reference().splitlines():
        if line.startswith("| `") and "kind" not in line:
            assert line.split(" | ")[1].strip(), line
