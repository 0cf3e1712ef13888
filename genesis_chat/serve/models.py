"""The models that are in memory."""

from collections import OrderedDict
from collections.abc import Callable

from ..api import Genesis
from ..engine import Engine
from ..model_choice import ModelChoice
from ..models import BUILTIN, choosable_names, default_name


class Models:
    """Loads models when they are asked for; the least recently used ones leave.

    Args:
        choice: the model for requests that name none, and how all are to run.
        limit: how many may be in memory at a time.
        preparing: told of what takes seconds, the first time.
    """

    def __init__(
        self,
        choice: ModelChoice,
        limit: int = 1,
        preparing: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._choice, self._limit, self._preparing = choice, limit, preparing
        self._loaded: OrderedDict[str, tuple[Genesis, Engine]] = OrderedDict()
        self.default: str | None = None

    def open_default(self) -> Genesis:
        """Load the default model. Raises `GenesisChatError`."""
        genesis = Genesis.open(self._choice, self._preparing)
        self.default = genesis.model.name
        self._loaded[self.default] = genesis, genesis.engine()
        return genesis

    def engine(self, name: str | None) -> Engine:
        """What replies with a model of this name. Raises `GenesisChatError`."""
        name = name or self.default
        assert name is not None, "the default model is not loaded"
        if found := self._loaded.get(name):
            self._loaded.move_to_end(name)
            return found[1]
        while len(self._loaded) >= self._limit:
            _, (genesis, _) = self._loaded.popitem(last=False)
            genesis.close()
        # The default model may be a path, which no request can name.
        choice = self._choice
        if name != self.default:
            choice = choice.named(name)
        opened = Genesis.open(choice, self._preparing)
        self._loaded[name] = opened, opened.engine()
        return self._loaded[name][1]

    def close(self) -> None:
        """Let go of all of them."""
        for genesis, _ in self._loaded.values():
            genesis.close()
        self._loaded.clear()


def served_names(default: str | None) -> list[str]:
    """Names that requests may give, the default model's first."""
    names = [default or default_name(), BUILTIN, *choosable_names()]
    return list(dict.fromkeys(names))
