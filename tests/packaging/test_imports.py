"""What the product imports is there on a server, where the demo's and the tests' packages are not."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions

from packaging.utils import canonicalize_name

from tests.packaging.project import PRODUCT, ROOT, declared, imported_packages, sources

_OURS = {"bot", "cogs", "runtime", "sandbox", "veo_core"}


def _imports_of_product() -> set[str]:
    files = list(sources(*PRODUCT))
    assert files
    return imported_packages(node for file in files for node in ast.walk(ast.parse(file.read_bytes())))


def _run_on_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes that run when the file is imported: not what stands in functions."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        yield statement
        yield from _run_on_import([node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.stmt)])


def test_the_product_imports_only_packages_it_declares() -> None:
    sellers = packages_distributions()
    wanted = {canonicalize_name(one.name) for one in declared()}

    foreign = _imports_of_product() - _OURS - sys.stdlib_module_names
    undeclared = {name for name in foreign if not {canonicalize_name(one) for one in sellers.get(name, [])} & wanted}

    assert undeclared == set()


def test_bot_py_can_be_imported_where_the_demo_is_not_installed() -> None:
    tree = ast.parse((ROOT / "bot.py").read_bytes())

    assert not {"sandbox", "simcord", "av"} & imported_packages(_run_on_import(tree.body))


def test_neither_the_core_nor_the_cogs_know_the_composition_root_the_sandbox_or_the_tests() -> None:
    nodes = (node for file in sources("cogs", "veo_core") for node in ast.walk(ast.parse(file.read_bytes())))

    assert not {"bot", "sandbox", "tests", "benchmarks"} & imported_packages(nodes)
