"""Adapter: the forecast -> a training with its budget, and what came out."""

from pathlib import Path

from raremd.analysis.budget_trial import Outcome, step_times, with_budget
from raremd.analysis.laws import Forecast
from raremd.io.logs import log_to
from raremd.io.storage import read_typed, write_typed
from raremd.learning.train_and_generate import train_and_generate
from raremd.study.plans import GenerationPlan, TrainingPlan, from_param

if __name__ == "__main__":
    log_to(snakemake.log[0])
    output, states = snakemake.output, snakemake.input.states
    forecast = read_typed(Forecast, snakemake.input.forecast)
    plan = with_budget(from_param(TrainingPlan, snakemake.params.plan), forecast)
    train_and_generate(
        states,
        plan,
        from_param(GenerationPlan, snakemake.params.generation),
        snakemake.params.training_code,
        Path(output.weights),
        output.history,
        output.generated,
        output.run,
    )
    times = step_times(states, output.generated, plan.slicing)
    write_typed(output.outcome, Outcome(forecast, times))
