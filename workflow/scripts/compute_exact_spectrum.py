"""Exact slow timescales of the four-state system, with their convergence, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from raremd.data.simulated.klein_kramers import converged_timescales
from raremd.io.storage import write_text


def compute_exact_spectrum(output: str) -> None:
    spectrum = converged_timescales()
    write_text(output, json.dumps(asdict(spectrum), indent=2) + "\n")


if __name__ == "__main__":
    compute_exact_spectrum(snakemake.output[0])
