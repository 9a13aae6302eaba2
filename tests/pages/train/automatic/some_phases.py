"""Phases as an automatic training writes them: the head, then the last stage, then all layers."""

from core.runs.automatic.phases import EarlyResult, Phase, Phases, Point

HEAD = Phase(
    train="head",
    first_epoch=1,
    epochs=1,
    began=0.0,
    reason="The head alone is trained first: it is the fastest part.",
    points=(Point(seconds=17.0, epoch=1, score=0.75),),
    ended=19.0,
    best_epoch=1,
    value=0.75,
    low=0.6,
    high=0.86,
    n=40,
    kept=True,
    verdict="The first model.",
)
LAYER4_AT_WORK = Phase(
    train="layer4",
    first_epoch=2,
    epochs=8,
    began=19.0,
    reason="The pretrained features may not suit these photos exactly.",
    points=(Point(seconds=33.0, epoch=2, score=0.7), Point(seconds=38.0, epoch=3, score=0.85)),
)
LAYER4 = LAYER4_AT_WORK.model_copy(
    update={
        "points": tuple(Point(seconds=28.0 + 5 * epoch, epoch=epoch, score=0.85) for epoch in range(2, 10)),
        "ended": 75.0,
        "best_epoch": 3,
        "value": 0.9,
        "low": 0.77,
        "high": 0.96,
        "n": 40,
        "kept": True,
        "verdict": "Better: 7 photos became correct and 1 became wrong, of 40.",
    }
)
ALL = Phase(
    train="all",
    first_epoch=10,
    epochs=3,
    began=75.0,
    reason="The last stage gained, so earlier stages may too.",
    points=tuple(Point(seconds=75.0 + 60 * epoch, epoch=9 + epoch, score=0.85) for epoch in (1, 2, 3)),
    ended=270.0,
    best_epoch=10,
    value=0.85,
    low=0.71,
    high=0.93,
    n=40,
    kept=False,
    verdict="No gain: 1 photo became correct and 3 became wrong, of 40.",
)
FAILED = LAYER4_AT_WORK.model_copy(update={"points": (), "ended": 31.0, "verdict": "The memory was not enough."})
"""Before its first epoch: its number of epochs is still that of the plan."""
ONE = Phases(phases=(HEAD,))
TWO = Phases(phases=(HEAD, LAYER4_AT_WORK))
THREE = Phases(phases=(HEAD, LAYER4, ALL), end="All layers have been trained.")
EARLY = EarlyResult(seconds=7.0, photos=40, of=200, value=0.7, low=0.48, high=0.85, n=20)
