"""Adapter: the yardstick's states -> what the MD can decide."""

from raremd.analysis.assessment import assess
from raremd.io.logs import log_to
from raremd.io.storage import write_typed
from raremd.states.discrete_trajectories import read_states
from raremd.study.plans import AssessmentPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    plan = from_param(AssessmentPlan, snakemake.params.plan)
    write_typed(snakemake.output.json, assess(read_states(snakemake.input.states), plan))
