"""The lines of an exported model's example code that apply its decision, as core.inspection.deciding does."""

from core.models.bundle import BundleInfo
from core.models.decision import FOREIGN_FILE, Decision

ALL_IN_ONE = 'print(*sorted(zip({logits}.softmax(1)[0].tolist(), info["classes"]), reverse=True)[:5], sep="\\n")'


def scaled(logits: str, decision: Decision | None) -> str:
    """Return the expression of the logits, divided by the temperature if it is switched on."""
    return logits if decision is None or decision.scale == 1 else f"({logits} / {decision.scale!r})"


def needs_vector(decision: Decision | None) -> bool:
    """Return whether the means of the last stage's maps are needed, as ``vector`` [1, D]."""
    return decision is not None and decision.foreign is not None


def foreign_lines(decision: Decision | None) -> list[str]:
    """Return the lines that compute ``foreign`` from ``vector``; none if the decision has no such score."""
    if decision is None or decision.foreign is None:
        return []
    return [
        f'near = load_file("{FOREIGN_FILE}")  # the vectors of training photos',
        "direction = torch.nn.functional.normalize(vector)",
        f'cosines = (direction @ near["vectors"].float().T)[0].topk({decision.foreign.neighbours}).values',
        "foreign = 1 - cosines[-1].item()",
    ]


def answer_lines(info: BundleInfo, logits: str) -> list[str]:
    """Return the lines that print the five first classes, best first, and after them whether they are unsure."""
    decision = info.decision
    logits = scaled(logits, decision)
    moved, unsure = threshold_lines(info), unsure_lines(decision)
    if not moved and not unsure:
        return [ALL_IN_ONE.format(logits=logits)]
    return [
        f"probabilities = {logits}.softmax(1)[0].tolist()",
        'answers = sorted(zip(probabilities, info["classes"]), reverse=True)',
        *moved,
        'print(*answers[:5], sep="\\n")',
        *unsure,
    ]


def threshold_lines(info: BundleInfo) -> list[str]:
    """Return the lines that move the answer that a threshold chooses to the front of ``answers``."""
    threshold = info.decision.threshold if info.decision else None
    if threshold is None or len(info.classes) < 2:
        return []
    index = info.classes.index(threshold.class_name)
    return [
        f"reached = probabilities[{index}] >= {threshold.at!r}  # the threshold",
        # Its name is not written into the program: a name may hold what ends a block of code in a README.
        f'place = [(name == info["classes"][{index}]) == reached for _, name in answers].index(True)',
        "answers.insert(0, answers.pop(place))",
    ]


def unsure_lines(decision: Decision | None) -> list[str]:
    """Return the line that prints ``unsure`` or ``sure``; none if the decision leaves no photo to a person."""
    if decision is None:
        return []
    rules = [] if decision.leave_below is None else [f"answers[0][0] < {decision.leave_below!r}"]
    rules += [] if decision.foreign is None else [f"foreign > {decision.foreign.limit!r}"]
    return [f'print("unsure" if {" or ".join(rules)} else "sure")'] if rules else []
