"""How far a run is to be believed: its search, how many trials it took, chance, what was kept back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..validation.chance import Chance
from .chance import against_chance
from .combined import combined
from .files import Folder
from .holdout import Held, held_out
from .ledger import Ever, Ledger, hashes
from .outofsample import OutOfSample
from .overfit import overfitting
from .permuted import permuted
from .plateau import landscape
from .ready import Ready
from .search import Evaluator, Told, Tuned, key


@dataclass(frozen=True, eq=False)
class Searched:
    """All that was searched: what evaluates parameter sets, the windows' searches, the splits' searches."""

    evaluator: Evaluator
    windows: Sequence[Tuned]
    splits: Sequence[Tuned]

    @property
    def sets(self) -> list[Mapping[str, Any]]:
        """Every parameter set that was tried, once, in the order of the first try."""
        tried = {key(trial.values): trial.values for one in (*self.windows, *self.splits) for trial in one.trials}
        return list(tried.values())


@dataclass(frozen=True, eq=False)
class Believed:
    """search: how it was searched, and the ground around what was chosen. ever: what was tried on these data in this
    workspace. overfitting: by variant. combined: purged combinatorial cross-validation. chance: random entries, by
    variant. permuted: the search on bars in random order. held: what was held out. Each None where there is none.
    """

    search: dict[str, Any] | None
    ever: Ever
    overfitting: dict[str, Any]
    combined: dict[str, Any] | None
    chance: Mapping[str, Chance]
    permuted: dict[str, Any] | None
    held: Held | None


def believe(made: Ready, found: Searched, tested: OutOfSample, folder: Folder, told: Told) -> Believed:
    """Ask everything of a run that its figures do not say by themselves, and write its trials into the ledger."""
    experiment, ledger, identity = made.experiment, Ledger.of(made.experiment), folder.identity
    markets = made.whole if experiment.look else made.markets
    held = held_out(made, identity, found.evaluator.workers)
    looked = [trial.values for trial in held.chosen.trials] if held and held.chosen else []
    tried = hashes(experiment, [*found.sets, *looked])
    ever = ledger.ever(identity, made.markets, tried)
    told("chance", 0, 1)
    believed = Believed(
        search=landscape(found.evaluator, found.windows),
        ever=ever,
        overfitting=overfitting(made, found.evaluator, found.sets, tested, ever),
        combined=combined(made, found.evaluator, found.splits),
        chance=against_chance(tested, experiment.chance.draws, experiment.seed),
        permuted=permuted(made, folder, told, found.evaluator.workers),
        held=held,
    )
    told("chance", 1, 1)
    ledger.record(identity, experiment.name, markets, tried)
    return believed
