"""Names of tensors without what training tools put into them.

torch.compile, DistributedDataParallel, FSDP, checkpointing and DeepSpeed add a segment
where a module is wrapped; PEFT and trainers put their own attributes in front.
"""

import re
from collections.abc import Collection

_WRAPPERS = re.compile(
    r"(?<![^.])(_orig_mod|module|_fsdp_wrapped_module|_checkpoint_wrapped_module"
    r"|_forward_module)\."
)
# What holds the model in other programs, before all of its names.
HOLDERS = frozenset(
    {
        *("model", "base_model", "pretrained_model", "language_model", "transformer"),
        *("network", "net", "student", "policy", "actor", "ema", "ema_model"),
        *("state_dict", "genesis"),
    }
)
# The two of them that are dropped for other families, too: the rest may be names of
# theirs. Most begin with `model.` themselves, so one of these stays.
_PEFT, _FAMILY = "base_model", "model"


def without_wrappers(name: str) -> str:
    """A name without the segments that wrappers add."""
    return _WRAPPERS.sub("", name)


def plain_names(names: Collection[str]) -> dict[str, str]:
    """The names of another family's tensors as its configuration has them.

    What stands before all of them is left out, but for one `model.`. Every name as it
    is where two would become one.
    """
    plain = {name: without_wrappers(name).split(".") for name in names}
    depth = 0
    while plain and all(
        len(parts) > depth + 1 and parts[depth] in (_PEFT, _FAMILY)
        for parts in plain.values()
    ):
        if len({parts[depth] for parts in plain.values()}) > 1:
            break
        depth += 1
    rest = {name: ".".join(parts[depth:]) for name, parts in plain.items()}
    held = depth and next(iter(plain.values()))[depth - 1] == _FAMILY
    if held and not any(name.startswith(f"{_FAMILY}.") for name in rest.values()):
        rest = {name: f"{_FAMILY}.{each}" for name, each in rest.items()}
    return rest if len({*rest.values()}) == len(rest) else {n: n for n in names}
