"""A second thread changes how long a token takes, and not a bit of it."""

import gc
import multiprocessing
import platform
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from configurations import random_ids
from running_cpu import load_cpu
from waiting import wait_until

from backends.genesis_cpu import Model, products
from backends.genesis_cpu.ops.products import assist, multiply
from backends.genesis_cpu.pace import Pace
from backends.genesis_cpu.products import CHUNK, COLUMNS, ENDED, PARKED, PLACE, ROWS
from backends.genesis_cpu.threads import in_order
from backends.genesis_cpu.weights import Dtype

IDS = random_ids(70, 3)
THREAD = "second thread of a model"


@pytest.fixture(scope="module")
def small_chunks() -> Iterator[None]:
    """Even a small model's products have many chunks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "CHUNK_BYTES", 512)
        yield


@pytest.fixture(scope="module", params=["float32", "int8"])
def pair(
    request: pytest.FixtureRequest, small_chunks: None, model: Model, model_folder: Path
) -> tuple[Model, Model]:
    """The same model for one thread and for two."""
    dtype: Dtype = request.param
    folder = model_folder / "model"
    return load_cpu(folder, dtype, threads=1), load_cpu(folder, dtype, threads=2)


def written(model: Model, count: int = 40) -> bytes:
    cache = model.make_cache(ttt=True)
    read = model.features(np.array(IDS), cache)
    steps = [model.step(i, cache) for i in IDS[:count]]
    return b"".join(each.tobytes() for each in (read, model.logits(read), *steps))


def second_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == THREAD]


def test_no_bit_changes(pair: tuple[Model, Model]) -> None:
    alone, together = pair
    expected = written(alone)
    for _ in range(5):
        assert written(together) == expected


class Together(Pace):
    """Two threads, however busy the computer is."""

    def together(self) -> bool:
        return True


def test_the_second_thread_works(
    pair: tuple[Model, Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = pair[1]
    shared = model._second._shared
    assert shared is not None
    monkeypatch.setattr(model._second, "_pace", Together())

    def helped() -> bool:
        written(model, 5)
        return bool(shared.done.any())

    wait_until(helped)


@pytest.mark.parametrize("faster", [True, False])
def test_the_faster_way_is_taken_and_the_other_tried_now_and_then(faster: bool) -> None:
    pace = Pace()
    chosen = []
    for token in range(3000):
        if token == 1500:
            faster = not faster
        together = pace.together()
        chosen.append(together)
        pace.took(1.0 if together == faster else 1.3)
    before, after = chosen[100:1500], chosen[2100:]
    assert before.count(not faster) > 0.95 * len(before)
    assert after.count(faster) > 0.95 * len(after)
    assert set(before) == set(after) == {True, False}


def test_it_sleeps_and_is_woken(pair: tuple[Model, Model]) -> None:
    alone, model = pair
    shared = model._second._shared
    assert shared is not None
    for _ in range(3):
        assert written(model) == written(alone)
        wait_until(lambda: shared.words[PARKED])


@pytest.mark.parametrize("number", [0, 3, -1])
def test_only_chunks_with_the_ticket_of_the_product_count(
    pair: tuple[Model, Model], number: int
) -> None:
    """What was left half done or long ago must never be seen; what is done, is."""
    program = pair[0]._program
    shared = program.products.for_two()
    number %= len(shared.jobs)
    job = shared.jobs[number]
    x = np.random.default_rng(1).standard_normal(job[COLUMNS], np.float32)
    expected, found = np.empty((2, job[ROWS]), np.float32)
    multiply(program.matrices, program.products, number, x, expected)

    shared.results[:] = np.nan
    multiply(program.matrices, shared, number, x, found)
    assert np.array_equal(found, expected)

    ticket = shared.words[PLACE] >> products.CHUNK_BITS
    following = ticket + len(shared.jobs)
    shared.done[:] = ticket
    multiply(program.matrices, shared, number, x, found)
    assert np.array_equal(found, expected)

    chunks = -(-job[ROWS] // job[CHUNK])
    assert chunks > 2
    shared.done[1:chunks] = following + len(shared.jobs)
    shared.results[:] = 7
    multiply(program.matrices, shared, number, x, found)
    own = found == expected
    assert own.sum() == job[CHUNK]
    assert (found[~own] == 7).all()


def test_one_that_fell_behind_ends_when_it_is_told(pair: tuple[Model, Model]) -> None:
    program = pair[0]._program
    shared = program.products.for_two()
    shared.words[ENDED] = 1
    assist(program.matrices, shared)
    assert shared.words[PARKED] and not shared.done.any()


def test_a_second_caller_does_without(pair: tuple[Model, Model]) -> None:
    alone, model = pair
    expected = written(alone)
    found: list[bytes] = []
    callers = [
        threading.Thread(target=lambda: found.append(written(model))) for _ in range(4)
    ]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    assert found == [expected] * 4


@pytest.mark.skipif(platform.system() == "Windows", reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_process_gets_a_second_thread_of_its_own(
    pair: tuple[Model, Model],
) -> None:
    alone, model = pair
    expected = written(model)
    context = multiprocessing.get_context("fork")
    results = context.Queue()

    def elsewhere() -> None:
        model._second._pace = Pace()
        found = written(model)
        results.put((found, len(second_threads())))

    process = context.Process(target=elsewhere)
    process.start()
    found, threads = results.get(timeout=120)
    process.join()
    assert found == expected == written(alone)
    assert threads == 1


def test_the_thread_ends_with_its_model(model: Model, model_folder: Path) -> None:
    other = load_cpu(model_folder / "model", threads=2)
    written(other, 2)
    thread = other._second._assistant
    assert thread is not None and thread.is_alive()
    del other
    gc.collect()
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_step_follows_the_same_step_of_the_work_before(
    threads: int, count: int
) -> None:
    steps, done = 7, [0] * count

    def work(number: int) -> Iterator[None]:
        for step in range(steps):
            assert number == 0 or done[number - 1] > step
            time.sleep(0.001)
            done[number] = step + 1
            yield

    in_order([work(number) for number in range(count)], threads)
    assert done == [steps] * count


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_failure_in_either_thread_ends_both(failing: int) -> None:
    ended = []

    def work(number: int) -> Iterator[None]:
        try:
            for step in range(50):
                if (number, step) == (failing, 3):
                    raise KeyboardInterrupt
                yield
            ended.append(number)
        finally:
            time.sleep(0)

    with pytest.raises(KeyboardInterrupt):
        in_order([work(number) for number in range(4)], 2)
    assert 3 not in ended
    names = {each.name for each in threading.enumerate()}
    assert "other half of a prompt" not in names
