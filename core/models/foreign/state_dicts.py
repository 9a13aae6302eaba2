"""Find the state dicts in what a file of torch.save holds, and tell by their names whose they are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.models.untrusted.stored_tensor import MAX_TENSORS, NotPlain, StoredTensor, Unusable

Value = StoredTensor | NotPlain

_MAX_DEPTH = 4  # {"checkpoint": {"ema": {"module": {...}}}}
_MAX_TABLES = 2_000

_NO_WEIGHTS = ("optim", "opt", "sched", "lr_sched", "scaler", "amp_scaler", "callback", "loop", "grad", "history")
"""The starts of keys under which checkpoints keep other tensors than weights."""

AVERAGED = frozenset(
    {
        "ema",
        "model_ema",
        "ema_model",
        "state_dict_ema",
        "ema_state_dict",
        "model_ema_state_dict",
        "ema_model_state_dict",
        "params_ema",
        "averaged_model",
        "swa_model",
    }
)
"""Keys and prefixes of a moving average of the weights. timm's own loader prefers it too: it is what was evaluated."""
_TEACHER = frozenset({"teacher", "teacher_backbone", "teacher_model", "model_teacher"})
"""In self-distillation the teacher is the average of the student; DINO's evaluation takes it by default."""
_COPIES = frozenset(
    {"student", "student_backbone", "student_model", "encoder_k", "momentum_encoder", "key_encoder"}
    | {"target_encoder", "target_network", "backbone_momentum", "encoder_momentum"}
)
"""The other one of two encoders. Of MoCo and its like, evaluations take the query or base encoder, not its copy."""


@dataclass(frozen=True)
class StateDict:
    """Named tensors in a file."""

    path: tuple[str, ...]
    """The keys that lead to it; empty if the file is the state dict."""
    tensors: dict[str, Value]


def state_dicts_in(found: object) -> list[StateDict]:
    """Return the tables with tensors in a file, the outer ones first, without those of optimizers and the like.

    Raises Unusable if there are too many tables or tensors.
    """
    return list(_state_dicts(found))


def _state_dicts(found: object) -> Iterator[StateDict]:
    waiting: list[tuple[object, tuple[str, ...]]] = [(found, ())]
    seen: set[int] = set()
    for table, path in waiting:
        if not isinstance(table, Mapping) or id(table) in seen:
            continue
        seen.add(id(table))
        if len(seen) > _MAX_TABLES:
            raise Unusable("it holds more tables than a checkpoint has. Save the model's state_dict alone.")
        named = {key: value for key, value in table.items() if isinstance(key, str)}
        tensors = {key: value for key, value in named.items() if isinstance(value, StoredTensor | NotPlain)}
        if len(tensors) > MAX_TENSORS:
            raise Unusable(f"it holds {len(tensors):,} tensors; at most {MAX_TENSORS:,} are allowed.")
        if any(isinstance(value, StoredTensor) or value.what != "not a tensor" for value in tensors.values()):
            yield StateDict(path, tensors)
        if len(path) < _MAX_DEPTH:
            waiting += [
                (value, (*path, key))
                for key, value in named.items()
                if isinstance(value, Mapping) and not key.lower().startswith(_NO_WEIGHTS)
            ]


def is_optimizer_state(found: object) -> bool:
    """Return whether a file holds what ``optimizer.state_dict()`` returns, and nothing of a network."""
    return isinstance(found, Mapping) and {"state", "param_groups"} <= found.keys()


def rank(words: tuple[str, ...]) -> int:
    """Return which of several networks is meant, the lowest first, by the keys and prefixes that lead to it."""
    said = frozenset(word.lower() for word in words)
    if said & _COPIES:
        return 3
    if said & AVERAGED:
        return 0
    return 1 if said & _TEACHER else 2


def is_projection(words: tuple[str, ...]) -> bool:
    """Return whether a network's last layer is a projection of self-supervised training instead of a classifier."""
    return bool(
        frozenset(word.lower() for word in words)
        & (_COPIES | {"encoder_q", "query_encoder", "base_encoder", "online_encoder"})
    )
