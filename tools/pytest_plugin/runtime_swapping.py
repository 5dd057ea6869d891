"""Functions that are alive are given other code for a while; whoever holds them calls the other code."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FunctionType

_Key = tuple[str, int]
"""Qualified name, and how many of that name stand before it in the file."""


class NotSwapped(Exception):
    """The changed file cannot be put in place of the one that runs."""


class Swapping:
    """The functions of these modules (file → code), as far as they exist now."""

    refused = NotSwapped

    def __init__(self, modules: Mapping[str, CodeType]) -> None:
        self._modules = modules
        self._functions: dict[CodeType, list[FunctionType]] = defaultdict(list)
        own = {module.co_filename for module in modules.values()}
        gc.unfreeze()  # what a service has frozen at its start is not listed
        for one in gc.get_objects():
            if type(one) is FunctionType and one.__code__.co_filename in own:
                self._functions[one.__code__].append(one)

    @contextmanager
    def changed(self, file: str, source: bytes) -> Iterator[None]:
        """The file's functions run this source instead. Raises `NotSwapped`.

        What runs when the file is imported is not run again.
        """
        swapped: list[tuple[FunctionType, CodeType]] = []
        try:
            for function, code in self._differing(file, source):
                swapped.append((function, function.__code__))
                _give(function, code)
            if not swapped:
                raise NotSwapped("no function that is alive was changed")
            yield
        finally:
            for function, code in swapped:
                function.__code__ = code

    def _differing(self, file: str, source: bytes) -> Iterator[tuple[FunctionType, CodeType]]:
        if file not in self._modules:
            raise NotSwapped(f"{file} was not imported")
        original = self._modules[file]
        try:
            new = _by_key(compile(source, original.co_filename, "exec", dont_inherit=True))
        except (SyntaxError, ValueError) as error:
            raise NotSwapped(str(error)) from error
        for key, code in _by_key(original).items():
            if key in new and new[key] != code:
                yield from ((function, new[key]) for function in self._functions[code])


def _give(function: FunctionType, code: CodeType) -> None:
    try:
        function.__code__ = code
    except ValueError as error:  # it uses other names of the functions around it
        raise NotSwapped(str(error)) from error


def _by_key(module: CodeType) -> Mapping[_Key, CodeType]:
    found: dict[_Key, CodeType] = {}
    counts: dict[str, int] = defaultdict(int)
    waiting = [module]
    while waiting:
        code = waiting.pop(0)
        if code is not module:
            found[code.co_qualname, counts[code.co_qualname]] = code
            counts[code.co_qualname] += 1
        waiting += [one for one in code.co_consts if isinstance(one, CodeType)]
    return found
