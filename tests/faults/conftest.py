"""What an undisturbed run gives, once for all tests of this folder."""

from __future__ import annotations

import pytest
from study_runs import finish


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder)
    return folder
