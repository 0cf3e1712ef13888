"""One thread for every matrix product, however callers overlap."""

import multiprocessing
import platform
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from configurations import random_ids
from threadpoolctl import ThreadpoolController

from backends.genesis_cpu import Model, blas, prefill
from backends.genesis_cpu.blas import OneThread, one_thread_each
from backends.genesis_cpu.projection import project
from backends.genesis_cpu.threads import in_order

IDS = random_ids(40, 5)
FORKS = pytest.mark.skipif(platform.system() == "Windows", reason="there is no fork")


@pytest.fixture(autouse=True)
def several_threads() -> Iterator[None]:
    """BLAS takes three, on a computer with one processor as well."""
    with ThreadpoolController().limit(limits=3, user_api="blas"):
        assert blas_threads() == {3}
        yield


def blas_threads() -> set[int]:
    """Of every BLAS in this process."""
    info = ThreadpoolController().info()
    return {each["num_threads"] for each in info if each["user_api"] == "blas"}


@pytest.mark.parametrize("leaves_first", [0, 1, 2])
def test_who_leaves_first_takes_nothing_from_the_others(leaves_first: int) -> None:
    held = [one_thread_each() for _ in range(3)]
    for each in held:
        each.__enter__()
    held.append(held.pop(leaves_first))
    for each in reversed(held):
        assert blas_threads() == {1}
        each.__exit__(None, None, None)
    assert blas_threads() == {3}


def test_a_limit_of_somebody_else_in_another_thread() -> None:
    """`several_threads` asked first, and only its thread is obeyed without more ado."""
    found: list[set[int]] = []

    def caller() -> None:
        with one_thread_each():
            found.append(blas_threads())

    thread = threading.Thread(target=caller)
    thread.start()
    thread.join(60)
    assert found == [{1}]
    assert blas_threads() == {3}


class CountsByThread(threading.local):
    """A BLAS as MKL is, or OpenBLAS with OpenMP: every thread has its own number."""

    internal_api = "mkl"
    num_threads = 5

    def set_num_threads(self, number: int) -> None:
        self.num_threads = number


def test_a_library_in_which_every_thread_has_its_own_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library: Any = CountsByThread()
    monkeypatch.setattr(blas, "_one_thread", OneThread([library]))
    found: list[tuple[str, int]] = []

    def work() -> Iterator[None]:
        for _ in range(3):
            found.append((threading.current_thread().name, library.num_threads))
            yield

    in_order([work(), work()], 2)
    assert len(set(found)) == 2
    assert {number for _, number in found} == {1}
    assert library.num_threads == 5


def test_an_error_gives_it_back() -> None:
    with one_thread_each():
        with pytest.raises(KeyboardInterrupt), one_thread_each():
            raise KeyboardInterrupt
        assert blas_threads() == {1}
    assert blas_threads() == {3}


def test_callers_in_threads_of_their_own() -> None:
    inside, leave = threading.Barrier(5), [threading.Event() for _ in range(4)]

    def hold(number: int) -> None:
        with one_thread_each():
            inside.wait(60)
            assert leave[number].wait(60)

    callers = [threading.Thread(target=hold, args=(n,)) for n in range(4)]
    for each in callers:
        each.start()
    inside.wait(60)
    for number in (2, 0, 3, 1):
        assert blas_threads() == {1}
        leave[number].set()
        callers[number].join(60)
    assert blas_threads() == {3}


@pytest.mark.parametrize("read", ["all logits", "the last vector"])
def test_every_product_of_a_prompt(
    read: str, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[int]] = []

    def watched(*arguments: Any) -> Any:
        seen.append(blas_threads())
        return project(*arguments)

    monkeypatch.setattr(prefill, "project", watched)
    ids = np.array(IDS)
    if read == "all logits":
        model(ids[None])
    else:
        model.features(ids, model.make_cache())
    assert len(seen) > 4 * model.args.n_layer
    assert seen == [{1}] * len(seen)
    assert blas_threads() == {3}


def tell_threads(sender: object) -> None:
    found = [blas_threads()]
    with one_thread_each():
        found.append(blas_threads())
    found.append(blas_threads())
    sender.send(found)  # type: ignore[attr-defined]


@FORKS
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
@pytest.mark.parametrize("who", ["another thread", "the same thread"])
def test_a_process_forked_off_meanwhile(who: str) -> None:
    """A thread that it does not have holds nothing there."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=tell_threads, args=(sender,))
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with one_thread_each():
            inside.set()
            assert leave.wait(60)

    if who == "the same thread":
        with one_thread_each():
            child.start()
            expected = [{1}, {1}, {1}]
    else:
        other = threading.Thread(target=hold)
        other.start()
        assert inside.wait(60)
        child.start()
        leave.set()
        other.join(60)
        expected = [{3}, {1}, {3}]
    assert receiver.recv() == expected
    child.join(60)
    assert child.exitcode == 0
