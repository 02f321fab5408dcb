"""Reads a pickle without running it.

A pickle is a program: it names functions and calls them. This reader walks the opcodes that `pickletools` decodes and
carries out only what a checkpoint needs: plain containers, tensors, numpy arrays and stock `torch.nn` modules. No name
in the file is ever imported: a global stays an inert token, the few calls a checkpoint makes are answered by
`foodviz.models.files.pickle_calls`, and any other global is refused by its name.

An object of a class of the user's own, `__main__.Net` say, is no call: its pickle holds a class name and the state of
an `nn.Module`. It becomes a `Stranger`, which has the children and weights but no forward.

Time and memory are bounded by the number of instructions, `MOST_INSTRUCTIONS`.
"""

import pickletools
from collections.abc import Callable
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.models.files.pickle_calls import (
    CALLS,
    RECONSTRUCTORS,
    STORAGE_FROM_BYTES,
    WITH_ATTRIBUTES,
    ArrayType,
    fill_array,
    fill_module,
    is_module_state,
    plain,
    stock_class,
    storage_type,
    with_items,
)
from foodviz.models.files.strangers import Global, StandIn, Stranger, inert_origin, refusal

# A tensor takes about 60; with the optimiser's state and a history of the losses the largest checkpoints have 300,000.
MOST_INSTRUCTIONS = 1_000_000
Storages = Callable[[str, torch.dtype, int], Tensor]  # key, type, elements -> flat tensor
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
# Instructions that put down what they carry.
VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}


class PickleReader:
    """One pickle, read opcode by opcode.

    Args:
        stream: positioned at the pickle; after `read`, just behind it.
        storages: hands out the flat tensor that a persistent id ('storage', ...) stands for.
        nested: reads the bytes of a storage that plain `pickle` wrote: a whole `torch.save` of its own.
    """

    def __init__(
        self, stream: IO[bytes], storages: Storages | None = None, nested: Callable[[bytes], object] | None = None
    ) -> None:
        self.stream = stream
        self.storages = storages
        self.nested = nested
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def read(self) -> Any:
        """The object described.

        Raises:
            InputError: it names what acts on the machine, or has instructions that no checkpoint needs.
            Exception: of almost any kind, where the pickle is damaged.
        """
        for number, (opcode, argument, _) in enumerate(pickletools.genops(self.stream)):
            if number == MOST_INSTRUCTIONS:
                raise InputError(
                    f"its pickle has more than {MOST_INSTRUCTIONS:,} instructions, far more than weights need; "
                    "save the state_dict() alone"
                )
            self.carry_out(opcode.name, argument)
        return self.stack.pop()

    def carry_out(self, name: str, argument: Any) -> None:
        push, pop = self.stack.append, self.stack.pop
        match name:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                push(CONSTANTS[name])
            case "MARK":
                self.marks.append(len(self.stack))
            case "POP":
                pop()
            case "POP_MARK":
                self.since_mark()
            case "DUP":
                push(self.stack[-1])
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self.memo[int(argument)] = self.stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                push(self.memo[int(argument)])
            case "EMPTY_TUPLE":
                push(())
            case "TUPLE":
                push(tuple(self.since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                push(tuple(reversed([pop() for _ in range(int(name[-1]))])))
            case "EMPTY_LIST" | "EMPTY_SET":
                push([])  # a set stays a list: nothing here needs its members hashed
            case "LIST" | "FROZENSET":
                push(self.since_mark())
            case "EMPTY_DICT":
                push({})
            case "DICT":
                push(with_items({}, self.since_mark()))
            case "APPEND":
                self.extend([pop()])
            case "APPENDS" | "ADDITEMS":
                self.extend(self.since_mark())
            case "SETITEM":
                value, key = pop(), pop()
                self.add([key, value])
            case "SETITEMS":
                self.add(self.since_mark())
            case "GLOBAL":
                module, _, qualified = argument.partition(" ")
                push(self.name(module, qualified))
            case "STACK_GLOBAL":
                qualified, module = pop(), pop()
                push(self.name(plain(module, str), plain(qualified, str)))
            case "REDUCE":
                arguments, function = pop(), pop()
                push(self.call(function, arguments))
            case "NEWOBJ":
                arguments, function = pop(), pop()
                push(self.new(function, arguments))
            case "NEWOBJ_EX":
                _, arguments, function = pop(), pop(), pop()
                push(self.new(function, arguments))
            case "OBJ":
                function, *arguments = self.since_mark()
                push(self.new(function, tuple(arguments)))
            case "INST":
                module, _, qualified = argument.partition(" ")
                push(self.new(self.name(module, qualified), tuple(self.since_mark())))
            case "BUILD":
                state = pop()
                self.build(self.stack[-1], state)
            case "BINPERSID":
                push(self.persistent(pop()))
            case _ if name in VALUES:
                push(argument)
            case _:
                raise InputError(f"holds a pickle instruction ({name}) that no checkpoint needs; nothing was run")

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def extend(self, items: list[Any]) -> None:
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)
        elif inert_origin(self.stack[-1]) is None:
            raise ValueError("items for something that is not a list")

    def add(self, items: list[Any]) -> None:
        if inert_origin(self.stack[-1]) is None:
            with_items(self.stack[-1], items)

    def name(self, module: str, qualified: str) -> Global:
        name = Global(module, qualified)
        if name.acts:
            raise refusal(str(name))
        return name

    def call(self, function: Any, arguments: Any) -> Any:
        origin = inert_origin(function)
        if origin is None:
            raise ValueError("a call of something that is not a name")
        if origin in RECONSTRUCTORS:
            return self.new(arguments[0], ())
        if origin == STORAGE_FROM_BYTES and self.nested is not None:
            return self.nested(arguments[0])
        if origin == WITH_ATTRIBUTES and inert_origin(arguments[0]) != origin:
            return self.call(arguments[0], arguments[2])
        return CALLS[origin](*arguments) if origin in CALLS else StandIn(origin)

    def new(self, cls: Any, arguments: Any) -> Any:
        if not isinstance(cls, Global):
            raise ValueError("an object whose class is not a name")
        if arguments or str(cls) in CALLS:
            return self.call(cls, arguments)
        stock = stock_class(cls)
        made: nn.Module = stock.__new__(stock) if stock else Stranger()
        nn.Module.__init__(made)
        if isinstance(made, Stranger):
            made.origin, made.inert = str(cls), True
        return made

    def build(self, target: Any, state: Any) -> None:
        if isinstance(target, Stranger):
            if is_module_state(state):
                fill_module(target, state)
        elif isinstance(target, nn.Module):
            fill_module(target, state)
        elif isinstance(target, np.ndarray):
            fill_array(target, state)
        elif isinstance(target, ArrayType):
            target.order = plain(state[1], str)
        elif not isinstance(
            target, dict | Tensor | StandIn
        ):  # what these carry besides (`_metadata`) is of no use here
            raise ValueError(f"a state for a {type(target).__name__}")

    def persistent(self, identity: Any) -> Any:
        if identity[0] == "module":  # the older container: (class, source file, source text)
            return identity[1]
        if identity[0] != "storage" or self.storages is None or not isinstance(identity[1], Global):
            raise ValueError("an unknown persistent id")
        return self.storages(str(plain(identity[2], str, int)), storage_type(identity[1]), int(plain(identity[4], int)))
