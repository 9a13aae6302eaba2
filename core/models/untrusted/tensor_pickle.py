"""Read the pickle of a PyTorch file without unpickling it.

The pickle is a program for a stack machine. This one knows plain values, containers and the few names with which
torch.save describes tensors. It calls nothing, and a tensor becomes a note of where its numbers are in the file.
"""

import pickletools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from core.models.untrusted.pickle_names import SPECIAL, STORAGES, TABLES, TENSORS, VERSION, is_known
from core.models.untrusted.stored_tensor import NotPlain, Storage, StoredTensor

_MAX_BYTES = 16 * 2**20  # a network of 1,000 tensors takes 0.2 MB
_MAX_STEPS = 500_000  # the same network with its optimizer takes 100,000
_MAX_NUMBER_BITS = 512
_MAX_SIDES = 64


class MoreThanTensors(ValueError):
    """The pickle names something that does not belong to tensors and plain values; the message is that name."""


class Fields(dict[object, object]):
    """A table of a special class, or an object of which only the attributes are kept."""


@dataclass(frozen=True)
class _Name:
    text: str


_MARK = object()


class ByteStream(Protocol):
    """What a pickle is read from."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self, size: int, /) -> bytes: ...


class _Bounded:
    """The part of a file that one pickle may take."""

    def __init__(self, file: ByteStream) -> None:
        self._file, self._left = file, _MAX_BYTES

    def read(self, size: int) -> bytes:
        return self._spend(self._file.read(min(size, self._left + 1)))

    def readline(self) -> bytes:
        return self._spend(self._file.readline(self._left + 1))

    def _spend(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"its description of tensors is larger than {_MAX_BYTES >> 20} MB")
        return data


def read_pickle(file: ByteStream, storage: Callable[[str, int, str], Storage]) -> Any:
    """Return what the pickle at the file's position describes; the file stands behind it afterwards.

    ``storage(dtype, count, key)`` returns the place of a storage. Raises MoreThanTensors, or one of DAMAGE.
    """
    return _Machine(storage).run(pickletools.genops(_Bounded(file)))  # type: ignore[arg-type]


DAMAGE = (ValueError, EOFError, LookupError, TypeError, AttributeError, OverflowError)
"""What the machine raises for a damaged pickle: an empty stack, an unknown instruction, a wrong operand."""


class _Machine:
    def __init__(self, storage: Callable[[str, int, str], Storage]) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.storage = storage
        self.copied = 0

    def run(self, steps: Iterable[tuple[Any, Any, Any]]) -> Any:
        for done, (code, argument, _) in enumerate(steps):
            if done > _MAX_STEPS:
                raise ValueError("its description of tensors is too long")
            if code.name == "STOP":
                return self.stack.pop()
            if isinstance(argument, int) and argument.bit_length() > _MAX_NUMBER_BITS:
                raise ValueError("it holds an impossible number")
            if code.name in _PLAIN:
                self.stack.append(argument)
            elif code.name in _STEPS:
                _STEPS[code.name](self, argument)
            else:
                raise MoreThanTensors(f"the instruction {code.name}")
        raise EOFError("it ends too early")

    def pop_mark(self) -> list[Any]:
        items: list[Any] = []
        while (item := self.stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def take(self, count: int) -> list[Any]:
        items = [self.stack.pop() for _ in range(count)][::-1]
        if any(item is _MARK for item in items):
            raise ValueError("its description of tensors is damaged")
        return items

    def fill(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, NotPlain):
            return
        if not isinstance(target, dict):
            raise TypeError("it fills something that is not a table")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            # Hashing a key nested a million times would overflow the stack of C.
            target[key if isinstance(key, str | int | float | None) else object()] = value

    def add(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, NotPlain):
            raise TypeError("it adds to something that is not a list")

    def name(self, text: str) -> None:
        text = text.replace("torch.cuda.", "torch.")  # old files saved on a GPU
        if not is_known(text):
            raise MoreThanTensors(text)
        self.stack.append(_Name(text))

    def from_storage(self) -> None:
        place = self.stack.pop()
        if not isinstance(place, tuple) or len(place) not in (5, 6) or not isinstance(place[1], _Name):
            raise ValueError("it describes a storage wrongly")
        word, kind, key, _, count = place[:5]
        if word != "storage" or kind.text not in STORAGES or not isinstance(key, str) or not _is_count(count):
            raise ValueError("it describes a storage wrongly")
        if len(place) == 6 and place[5] is not None:
            raise ValueError("it shares storages in a way that only very old files do")
        self.stack.append(self.storage(STORAGES[kind.text], count, key))

    def spend(self, values: object) -> None:
        """Count values that are copied: a short pickle could have a long list copied at each step."""
        self.copied += len(values) if isinstance(values, list | dict | tuple) else 0
        if self.copied > _MAX_STEPS:
            raise ValueError("its description of tensors is too long")

    def call(self) -> None:
        name, arguments = self.take(2)
        if not isinstance(name, _Name) or not isinstance(arguments, tuple):
            raise MoreThanTensors("a call of something that is not a name")
        self.spend(arguments[0] if arguments else None)
        self.stack.append(_called(name.text, arguments))

    def new(self, keywords: bool) -> None:
        name, arguments = self.take(3 if keywords else 2)[:2]
        if not isinstance(name, _Name) or not isinstance(arguments, tuple):
            raise MoreThanTensors("an object of something that is not a name")
        if name.text in TENSORS or name.text in SPECIAL:
            raise MoreThanTensors("a tensor of a special class")
        self.spend(arguments[0] if arguments else None)
        self.stack.append(_called(name.text, arguments))


def _called(name: str, arguments: tuple[Any, ...]) -> Any:
    if name == "collections.OrderedDict":
        pairs = arguments[0] if arguments else []
        if not isinstance(pairs, list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
            raise TypeError("it describes a table wrongly")
        return {key if isinstance(key, str) else object(): value for key, value in pairs}
    if name in TABLES:
        return arguments[0] if arguments and isinstance(arguments[0], dict) else Fields()
    if name == VERSION:
        return arguments[0] if arguments and isinstance(arguments[0], str) else NotPlain("not a tensor")
    if name in ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"):
        storage, offset, shape, strides = arguments[:4]
        whole = isinstance(storage, Storage) and _is_count(offset) and all(map(_is_sides, (shape, strides)))
        if not whole:
            return NotPlain("a tensor with an impossible shape")
        return StoredTensor(storage, offset, shape, strides)
    if name.startswith("torch._utils._rebuild_parameter"):
        return arguments[0]
    if name == "torch._tensor._rebuild_from_type_v2":
        made, _, inner = arguments[:3]
        plain = isinstance(made, _Name) and made.text != name and made.text in TENSORS | SPECIAL.keys()
        if not plain or not isinstance(inner, tuple):
            raise MoreThanTensors("a tensor of a special class")
        return _called(made.text, inner)
    if name == "torch.Size" and len(arguments) == 1:
        return arguments[0]
    return NotPlain(SPECIAL.get(name, "not a tensor"))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_sides(value: object) -> bool:
    # A long tuple would be looked through for each of a million tensors.
    return isinstance(value, tuple) and len(value) <= _MAX_SIDES and all(map(_is_count, value))


def _build(machine: _Machine, _: Any) -> None:
    """Keep the attributes of settings, and drop all others: an ordered dict of torch has ``_metadata``."""
    [attributes] = machine.take(1)
    target = machine.stack[-1]
    if not isinstance(target, dict | NotPlain | StoredTensor):
        raise MoreThanTensors("an object with attributes")
    if isinstance(target, Fields) and isinstance(attributes, dict):
        machine.spend(attributes)
        target.update({name: value for name, value in attributes.items() if isinstance(name, str)})


def _global(machine: _Machine, argument: str) -> None:
    machine.name(argument.replace(" ", ".", 1))  # pickletools joins module and name with a space


def _stack_global(machine: _Machine, _: Any) -> None:
    module, name = machine.take(2)
    machine.name(f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else "")


def _tuple_of(count: int) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(tuple(machine.take(count)))


def _push(make: Callable[[], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(make())


def _remember(machine: _Machine, place: int | None) -> None:
    machine.memo[len(machine.memo) if place is None else place] = machine.stack[-1]


def _recall(machine: _Machine, place: int) -> None:
    machine.stack.append(machine.memo[place])


_PLAIN = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "INT", "LONG", "BINFLOAT", "FLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BINSTRING", "SHORT_BINSTRING", "STRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "NONE": _push(lambda: None),
    "NEWTRUE": _push(lambda: True),
    "NEWFALSE": _push(lambda: False),
    "EMPTY_DICT": _push(dict),
    "EMPTY_LIST": _push(list),
    "EMPTY_TUPLE": _push(tuple),
    "EMPTY_SET": _push(lambda: NotPlain("not a tensor")),
    "MARK": _push(lambda: _MARK),
    "POP": lambda machine, _: machine.stack.pop(),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.pop_mark())),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "LIST": lambda machine, _: machine.stack.append(machine.pop_mark()),
    "APPEND": lambda machine, _: machine.add(machine.take(1)),
    "APPENDS": lambda machine, _: machine.add(machine.pop_mark()),
    "FROZENSET": lambda machine, _: machine.stack.append(NotPlain(f"a set of {len(machine.pop_mark())} values")),
    "ADDITEMS": lambda machine, _: machine.add(machine.pop_mark()),
    "SETITEM": lambda machine, _: machine.fill(machine.take(2)),
    "SETITEMS": lambda machine, _: machine.fill(machine.pop_mark()),
    "PUT": _remember,
    "BINPUT": _remember,
    "LONG_BINPUT": _remember,
    "MEMOIZE": _remember,
    "GET": _recall,
    "BINGET": _recall,
    "LONG_BINGET": _recall,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "BINPERSID": lambda machine, _: machine.from_storage(),
    "REDUCE": lambda machine, _: machine.call(),
    "NEWOBJ": lambda machine, _: machine.new(keywords=False),
    "NEWOBJ_EX": lambda machine, _: machine.new(keywords=True),
    "BUILD": _build,
}
