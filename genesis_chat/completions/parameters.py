"""The bodies of OpenAI's requests for completions, checked field by field."""

from dataclasses import dataclass, replace
from typing import Any

from ..engine import Controls, Request
from ..setting_table import REPLY_SETTINGS, Setting
from ..settings import LARGEST_SEED, LARGEST_WHOLE, GenerationSettings
from .errors import unsupported, wrong
from .fields import Fields, characters
from .messages import conversation
from .tools import tools

MOST_CHOICES = 16
MOST_STOPS = 4
LONGEST_STOP = 1000
MOST_BIASES = 1024
NOT_SUPPORTED = "is not supported here; leave it out."
# Fields that may stand there with what changes nothing.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "best_of": (1,),
    "function_call": ("none", "auto"),
    "functions": ([],),
    "metadata": ({},),
    "modalities": (["text"],),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "suffix": ("",),
    **dict.fromkeys(
        ("audio", "prediction", "reasoning_effort", "verbosity", "web_search_options"),
        (),
    ),
}
# They tell who asks or what to keep for longer; there is nothing here to do with them.
ABOUT_THE_CALLER = ("user", "safety_identifier", "prompt_cache_key")


@dataclass(frozen=True)
class Defaults:
    """What holds where a request says nothing."""

    settings: GenerationSettings
    system: str


@dataclass(frozen=True)
class Completion:
    """What is asked for: one request of an engine for each choice.

    `model` is None for the default one; `count` of the requests share a prompt each.
    `echoes` are the prompts that the choices
    are to repeat, one to each, or none. With `likelihoods` the answer has them. `tools`
    are those that the replies may call, each in JSON.
    """

    chat: bool
    model: str | None
    requests: tuple[Request, ...]
    echoes: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = False
    likelihoods: bool = False
    count: int = 1
    tools: tuple[str, ...] = ()


def chat_completion(body: object, defaults: Defaults) -> Completion:
    """Of `/v1/chat/completions`. Raises `ApiError`."""
    fields = Fields(body)
    said = conversation(fields.any("messages"))
    callable = tools(fields)
    wanted = fields.boolean("logprobs", False)
    alternatives = fields.integer("top_logprobs", None, 0, 20)
    if alternatives is not None and not wanted:
        raise wrong("top_logprobs", "needs logprobs to be true.")
    controls = replace(_controls(fields), alternatives=None)
    if wanted:
        controls = replace(controls, alternatives=alternatives or 0)
    request = Request(
        said.content,
        _settings(fields, defaults.settings),
        defaults.system if said.system is None else said.system,
        said.exchanges,
        controls=controls,
        tools=callable,
        tool_uses=said.tool_uses,
    )
    found = Completion(True, None, (request,), likelihoods=wanted, tools=callable)
    return _finished(fields, found)


def text_completion(body: object, defaults: Defaults) -> Completion:
    """Of `/v1/completions`. Raises `ApiError`."""
    fields = Fields(body)
    prompts = _prompts(fields.any("prompt"))
    echo = fields.boolean("echo", False)
    alternatives = fields.integer("logprobs", None, 0, 20)
    if echo and alternatives is not None:
        raise unsupported("logprobs", "cannot be told of a prompt that is echoed.")
    controls = replace(_controls(fields), alternatives=alternatives, raw=True)
    settings = _settings(fields, defaults.settings)
    requests = tuple(Request(each, settings, controls=controls) for each in prompts)
    echoes = prompts if echo else ()
    wanted = alternatives is not None
    return _finished(
        fields, Completion(False, None, requests, echoes, likelihoods=wanted)
    )


def _finished(fields: Fields, found: Completion) -> Completion:
    """The completion with what both endpoints have, and its requests repeated."""
    stream = fields.boolean("stream", False)
    options = fields.any("stream_options")
    include_usage = False
    if options is not None:
        if not stream:
            raise wrong("stream_options", "needs stream to be true.")
        inner = Fields(options, "stream_options")
        include_usage = inner.boolean("include_usage", False)
        inner.only({"include_obfuscation": (False,)}, NOT_SUPPORTED)
        inner.finish()
    count = fields.integer("n", 1, 1, MOST_CHOICES)
    model = fields.text("model")
    form = fields.any("response_format")
    if form is not None and form != {"type": "text"}:
        raise unsupported(
            "response_format", "only text: nothing here is constrained to JSON."
        )
    for field in ABOUT_THE_CALLER:
        fields.text(field)
    fields.only(NEUTRAL, NOT_SUPPORTED)
    fields.finish()
    if count * len(found.requests) > MOST_CHOICES:
        raise wrong("n", f"there are at most {MOST_CHOICES} choices in a request.")
    return replace(
        found,
        model=model,
        requests=tuple(
            each for request in found.requests for each in _repeated(request, count)
        ),
        echoes=tuple(each for each in found.echoes for _ in range(count)),
        stream=stream,
        include_usage=include_usage,
        count=count,
    )


def _repeated(request: Request, count: int) -> tuple[Request, ...]:
    """A request for each choice, with seeds that follow each other."""
    if count == 1:
        return (request,)
    request = replace(request, controls=replace(request.controls, repeated=True))
    seed = request.settings.seeded().seed
    assert seed is not None
    seeds = ((seed + number) % (LARGEST_SEED + 1) for number in range(count))
    return tuple(
        replace(request, settings=replace(request.settings, seed=each))
        for each in seeds
    )


def _settings(fields: Fields, defaults: GenerationSettings) -> GenerationSettings:
    lengths = {
        field: fields.integer(field, None, 1, LARGEST_WHOLE)
        for field in ("max_completion_tokens", "max_tokens")
    }
    given = {value for value in lengths.values() if value is not None}
    if len(given) > 1:
        raise wrong("max_tokens", "differs from max_completion_tokens; give one.")
    values = {
        name: _value(fields, each, getattr(defaults, name))
        for name, each in REPLY_SETTINGS.items()
        if name != "max_tokens"
    }
    values["max_tokens"] = next(iter(given), defaults.max_tokens)
    return replace(defaults, **values)


def _value(fields: Fields, setting: Setting, default: Any) -> Any:
    """The field of a setting, or what holds without it."""
    if setting.kind is bool:
        return fields.boolean(setting.name, default)
    if setting.kind is str:
        return fields.one_of(setting.name, *setting.choices) or default
    if setting.kind is float:
        return fields.number(setting.name, default, setting.low, setting.high)
    return fields.integer(setting.name, default, int(setting.low), setting.high)


def _controls(fields: Fields) -> Controls:
    return Controls(
        stop=_stops(fields.any("stop")),
        presence_penalty=fields.number("presence_penalty", 0, -2, 2),
        frequency_penalty=fields.number("frequency_penalty", 0, -2, 2),
        logit_bias=_biases(fields.any("logit_bias")),
    )


def _stops(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or len(stops) > MOST_STOPS:
        raise wrong("stop", f"must be a string or a list of at most {MOST_STOPS}.")
    if any(not isinstance(each, str) or not each for each in stops):
        raise wrong("stop", "must be strings with a character at least.")
    if any(len(each) > LONGEST_STOP for each in stops):
        raise wrong("stop", f"must have at most {LONGEST_STOP} characters each.")
    return tuple(map(characters, stops))


def _biases(value: object) -> tuple[tuple[int, float], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or len(value) > MOST_BIASES:
        raise wrong("logit_bias", f"must be an object of at most {MOST_BIASES} tokens.")
    found = []
    for key, bias in value.items():
        if not (key.isascii() and key.isdecimal() and len(key) < 10):
            raise wrong("logit_bias", "must have token ids as its keys.")
        if isinstance(bias, bool) or not isinstance(bias, int | float):
            raise wrong("logit_bias", "must have numbers as its values.")
        if not -100 <= bias <= 100:
            raise wrong("logit_bias", "must have values from -100 to 100.")
        found.append((int(key), float(bias)))
    return tuple(found)


def _prompts(value: object) -> tuple[str, ...]:
    prompts = [value] if isinstance(value, str) else value
    if not isinstance(prompts, list) or not prompts:
        raise wrong("prompt", "must be a string or a list of strings.")
    if any(not isinstance(each, str) for each in prompts):
        raise unsupported("prompt", "token ids are not supported; send text.")
    if not all(prompts):
        raise wrong("prompt", "must have a character at least.")
    if len(prompts) > MOST_CHOICES:
        raise wrong("prompt", f"there are at most {MOST_CHOICES} choices in a request.")
    return tuple(map(characters, prompts))
