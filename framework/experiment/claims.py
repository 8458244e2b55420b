"""The ledger of claims, run: the data read, every claim tested market by market, judged together, written."""

from __future__ import annotations

import hashlib
import importlib.metadata
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..compiled import HERE, sources
from ..evidence.contracts import Contract, contracts
from ..evidence.inference import LEVEL, SHORTEST
from ..evidence.ledger import ORDERS, Gathered, Judged, fingerprint, gathered, in_order, judge
from ..evidence.own import definition
from ..evidence.verdicts import CONTRADICTED
from ..metrics import Estimate, mean, win_rate
from ..validation.workers import Workers
from .asked import Asked
from .files import MANIFEST, PROGRESS, Folder, digest, plain, write, write_json, write_parquet
from .indexed import rewrite
from .markets import load_files
from .pictured import page
from .provenance import LIBRARIES, commit

Told = Callable[[str, int, int], None]
PAGE, TABLE, JSON = "claims.html", "claims.parquet", "claims.json"
SEED = 7  # of the intervals of what is told beside a claim


def run(asked: Asked, out: Path | None, resume: bool, told: Told, workers: int) -> Path:
    """Test the claims and return the ledger's folder; without `out` reports/claims-IDENTITY in the workspace.

    What is done is kept, and a ledger that was interrupted goes on with `resume`. Raises UserError where the folder
    holds another one.
    """
    markets = contracts(load_files(asked))
    manifest = _manifest(asked, markets)
    folder = Folder(out or asked.workspace / "reports" / f"claims-{manifest['identity'][:8]}", manifest["identity"])
    folder.claim(resume)
    write_json(folder.path / MANIFEST, manifest)
    found, orders = _gather(asked, markets, folder, told, workers)
    told("judging", 0, 1)
    judged = judge(markets, asked.claims, found, orders)
    rows = [_row(one, manifest["definitions"][one.claim.id]) for one in judged]
    table = pd.DataFrame(rows).drop(columns=["around", "also", "unable"])
    write_parquet(folder.path / TABLE, table)
    write_json(folder.path / JSON, {"data": manifest["fingerprint"], "claims": rows})
    write(folder.path / PAGE, page(judged, rows, markets, manifest, told, workers).encode())
    folder.finish()
    rewrite(asked.workspace, folder.path)
    return folder.path


def _manifest(asked: Asked, markets: Sequence[Contract]) -> dict[str, Any]:
    """All that decides the verdicts, and a hash of it as `identity`."""
    content: dict[str, Any] = plain(
        {
            "configuration": {
                "data": asked.data.model_dump(mode="json", by_alias=True),
                "costs": vars(asked.costs),
                "claims": [one.id for one in asked.claims],
                "orders": ORDERS,
            },
            "data": {
                one.symbol: {timeframe: bars.digest for timeframe, bars in one.bars.items()}
                | {"dropped": list(one.dropped)}
                for one in markets
            },
            "fingerprint": fingerprint(markets),
            "definitions": {one.id: definition(one) for one in asked.claims},
            "framework_sha256": sources(HERE.rglob("*.py")),
            "versions": {name: importlib.metadata.version(name) for name in (*LIBRARIES, "chartproof")},
            "seed": asked.seed,
        }
    )
    return {"identity": digest(content), **content, "commit": commit(asked.workspace)}


def _gather(
    asked: Asked, markets: Sequence[Contract], folder: Folder, told: Told, workers: int
) -> tuple[list[Gathered], list[list[Gathered]]]:
    """The units of every market, and of every order of the bars for the claims that ask for them."""
    mechanical = [one for one in asked.claims if one.mechanical]
    tasks = [("market", n) for n in range(len(markets))]
    tasks += [("order", n) for n in range(ORDERS)] if mechanical else []

    def done(task: tuple[str, int]) -> bytes:
        kind, n = task
        if kind == "market":
            return pickle.dumps([gathered(markets[n].fresh(), asked.claims, asked.costs)])
        return pickle.dumps(in_order(markets, mechanical, asked.costs, asked.seed + n))

    kept = {task: content for task in tasks if (content := _saved(folder, task)) is not None}
    missing = [task for task in tasks if task not in kept]
    told("testing claims", len(kept), len(tasks))
    for task, content in zip(missing, Workers[tuple[str, int], bytes]()(done, missing, workers), strict=True):
        write(_place(folder, task), hashlib.sha256(content).digest() + content)
        kept[task] = content
        told("testing claims", len(kept), len(tasks))
    made: dict[tuple[str, int], Any] = {task: pickle.loads(kept.pop(task)) for task in tasks}
    return [made["market", n][0] for n in range(len(markets))], [made[task] for task in tasks if task[0] == "order"]


def _place(folder: Folder, task: tuple[str, int]) -> Path:
    return folder.path / PROGRESS / f"{task[0]}-{task[1]:04}.units"


def _saved(folder: Folder, task: tuple[str, int]) -> bytes | None:
    """What an interrupted run has kept of a task; None where it is not whole."""
    place = _place(folder, task)
    if not place.is_file():
        return None
    content = place.read_bytes()
    return content[32:] if hashlib.sha256(content[32:]).digest() == content[:32] else None


def _row(one: Judged, definition_: str) -> dict[str, Any]:
    """A claim's row; NaN what is not known."""
    claim, found, verdict = one.claim, one.found, one.verdict
    nan = float("nan")
    row: dict[str, Any] = {
        "claim": claim.id,
        "says": claim.says,
        "source": claim.source,
        "population": claim.population,
        "contrast": claim.test().word,
        "unit": claim.unit,
        "expects": claim.expects,
        "mechanical": claim.mechanical,
        "timeframes": " ".join(f"{name}:{count}" for name, count in one.timeframes.items()),
        "markets": len(one.units),
        "unable": one.unable,
        "verdict": verdict.word,
        "reason": one.reason,
        "effect": found.effect if found else nan,
        "low": found.low if found else nan,
        "high": found.high if found else nan,
        "p": found.p if found else nan,
        "p_adjusted": verdict.adjusted,
        "p_small": verdict.small,
        "too_small": verdict.word == CONTRADICTED and verdict.adjusted >= LEVEL,
        "least": nan if claim.least is None else claim.least,
        "shows": verdict.shows,
        "units": found.units if found else 0,
        "arms": " ".join(f"{arm:g}:{count}" for arm, count in found.arms.items()) if found else "",
        "blocks": found.blocks if found else 0,
        "placebo": found.placebo if found else nan,
        "first_half": found.first if found else nan,
        "second_half": found.second if found else nan,
        "halves_p": found.halves_p if found else nan,
        "neighbours": len(one.neighbours),
        "agree": one.agree,
        "definition": definition_,
        "around": list(zip(map(_changed, claim.around), one.around, strict=False)),
        "also": {name: {key: getattr(of, key) for key in ("effect", "low", "high", "units")}
                 for name, of in one.also.items()},
    }  # fmt: skip
    for name in ("win", "r", "forward"):
        told = _beside(one, name)
        row |= {name: told.value, f"{name}_low": told.low, f"{name}_high": told.high, f"{name}_n": told.n}
    return row


def _changed(definition_: Mapping[str, Any]) -> str:
    """A neighbouring definition in words: what differs."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in definition_.items())


def _beside(one: Judged, name: str) -> Estimate:
    """What is told beside the outcome, over the units of the highest rank: those that the claim speaks of."""
    held = [units for units in one.units.values() if units.beside]
    highest = max((units.arm.max() for units in held if len(units)), default=0.0)
    of = [(units, (units.arm == highest) & ~np.isnan(units.beside[name])) for units in held]
    values = np.concatenate([np.zeros(0), *(units.beside[name][rows] for units, rows in of)])
    blocks = np.concatenate([np.zeros(0, np.int64), *(units.known[rows] // SHORTEST for units, rows in of)])
    return win_rate(values > 0, blocks) if name == "win" else mean(values, blocks, SEED)
