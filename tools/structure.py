"""Print the structure of the packages, and exit with 1 if a limit is exceeded.

Usage: ``python tools/structure.py [FOLDER ...]`` with the folders of packages; the default is the
three packages of this project.
"""

from __future__ import annotations

import ast
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from statistics import median

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("csci_utils", "neural_style", "pset_4")
_MAX_MODULES = 14  # in a folder
_MAX_LINES = 300  # of a module
_MAX_MEDIAN, _MAX_P90 = 6, 18  # lines of a function

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """A parsed source file."""

    def __init__(self, path: Path, root: Path) -> None:
        """Parse the file at `path`, whose dotted name starts below `root`."""
        text = path.read_text(encoding="utf-8")
        self.path = path.relative_to(root)
        self.name = ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")
        self.lines = text.count("\n")
        self.tree = ast.parse(text)


class Package:
    """The modules of a package, its functions, and their lengths in ascending order."""

    def __init__(self, folder: Path) -> None:
        """Parse all modules in `folder` and below it."""
        self.name = folder.name
        self.modules = [Module(path, folder.parent) for path in sorted(folder.rglob("*.py"))]
        nodes = [node for module in self.modules for node in ast.walk(module.tree)]
        self.functions = [node for node in nodes if isinstance(node, _Function)]
        self.lengths = sorted(map(count_lines, self.functions)) or [0]
        self.median = median(self.lengths)
        self.p90 = self.lengths[math.ceil(0.9 * len(self.lengths)) - 1]  # the nearest rank

    def format_row(self) -> str:
        """Return the package's row of the table."""
        typed = [is_typed(node) for node in self.functions] or [True]
        docs = [has_docs for module in self.modules for has_docs in find_docs(module.tree)]
        longest = max(self.modules, key=lambda module: module.lines)
        return (
            f"{self.name:<14}{len(self.functions):>9}  {self.median:>6g}  {self.p90:>3}  "
            f"{self.lengths[-1]:>3}  {sum(typed) / len(typed):>6.1%}  "
            f"{sum(docs) / len(docs):>6.1%}  {longest.lines} {longest.path.as_posix()}"
        )

    def find_problems(self) -> Iterator[str]:
        """Yield a line for each limit that is exceeded."""
        folders = count_modules(self.modules)
        figures = [
            (self.name, self.median, _MAX_MEDIAN, "lines in the median function"),
            (self.name, self.p90, _MAX_P90, "lines in the 90th percentile of functions"),
            *(
                (module.path.as_posix(), module.lines, _MAX_LINES, "lines")
                for module in self.modules
            ),
            *((folder, count, _MAX_MODULES, "modules") for folder, count in folders),
        ]
        for name, found, limit, what in figures:
            if found > limit:
                yield f"{name}: {found:g} {what}; the limit is {limit}"


def count_modules(modules: Sequence[Module]) -> list[tuple[str, int]]:
    """Return the folders and how many modules each has, the largest folder first."""
    return Counter(module.path.parent.as_posix() for module in modules).most_common()


def count_lines(node: _Function) -> int:
    """Return the lines of a function from ``def`` to its end, without its docstring."""
    first = node.body[0] if ast.get_docstring(node) is not None else None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if first else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def is_typed(node: _Function) -> bool:
    """Return True if the result and all arguments but `self` and `cls` are annotated."""
    args = node.args
    every = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
    named = [arg for arg in every if arg and arg.arg not in ("self", "cls")]
    return node.returns is not None and all(arg.annotation for arg in named)


def find_docs(node: ast.Module | ast.ClassDef) -> Iterator[bool]:
    """Yield for `node` and each public name in it whether it is documented.

    Public names are those of classes, functions, methods, and constants of a module, which are
    documented by a string under them.
    """
    yield ast.get_docstring(node) is not None
    for child, following in zip_longest(node.body, node.body[1:]):
        if isinstance(child, _Function) and not child.name.startswith("_"):
            yield ast.get_docstring(child) is not None
        elif isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from find_docs(child)
        elif isinstance(node, ast.Module) and isinstance(child, ast.Assign | ast.AnnAssign):
            target = child.targets[0] if isinstance(child, ast.Assign) else child.target
            if not ast.unparse(target).lstrip("(").startswith("_"):
                yield isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)


def find_imports(node: ast.AST, base: Sequence[str], deferred: bool) -> Iterator[tuple[str, bool]]:
    """Yield what is imported in `node`, a part of the package `base`, and whether it is deferred.

    Deferred imports are those in functions and for type checkers.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, deferred) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            above = base[: len(base) + 1 - child.level] if child.level else ()
            start = ".".join([*above, *filter(None, [child.module])])
            yield from ((f"{start}.{alias.name}", deferred) for alias in child.names)
        else:
            guard = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            yield from find_imports(child, base, deferred or guard or isinstance(child, _Function))


def find_cycles(modules: Sequence[Module], with_deferred: bool) -> list[str]:
    """Name each group of modules that import one another.

    Importing ``a.b`` also runs ``a/__init__.py``; this counts only where ``a`` itself is named.
    """
    graph: dict[str, set[str]] = {module.name: set() for module in modules}
    for module in modules:
        for name, deferred in find_imports(module.tree, module.path.parent.parts, False):
            found = name if name in graph else name.rpartition(".")[0]
            if found in graph and found != module.name and (with_deferred or not deferred):
                graph[module.name].add(found)
    reached = {name: _reach(name, graph) for name in graph}
    groups = {tuple(sorted(m for m in reached[n] if n in reached[m])) for n in graph}
    return sorted(" <-> ".join(group) for group in groups if group)


def _reach(start: str, graph: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def main(arguments: Sequence[str]) -> int:
    """Print tables, and problems to standard error; return 1 if there are problems, else 0."""
    folders = [Path(each).resolve() for each in arguments] or [_ROOT / name for name in _PACKAGES]
    packages = [Package(folder) for folder in folders]
    modules = [module for package in packages for module in package.modules]
    cycles = find_cycles(modules, with_deferred=False)
    deferred = [group for group in find_cycles(modules, with_deferred=True) if group not in cycles]
    print("package       functions  median  p90  max   typed    docs  longest module")
    print(*(package.format_row() for package in packages), sep="\n")
    print("\nmodules  folder")
    print(*(f"{count:>7}  {folder}" for folder, count in count_modules(modules)), sep="\n")
    print("\nimport cycles")
    print(*[*cycles, *(f"{group} (deferred)" for group in deferred)] or ["none"], sep="\n")
    problems = [problem for package in packages for problem in package.find_problems()]
    problems += [f"import cycle: {group}" for group in cycles]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
