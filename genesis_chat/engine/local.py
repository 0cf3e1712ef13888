"""The engine in this process."""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from functools import partial

from ..errors import GenerationError, ToolError, UsageError
from .checking import check
from .events import Context, Dropped, Event, Finished, MixerReadings, PromptTokens
from .loader import LoadedModel, State, Stepper, Token
from .pieces import texts_of
from .plan import Plan, Planner
from .prompt import encode_raw
from .protocol import Exchange, ModelFacts, Request
from .run import Run
from .snapshots import Snapshots
from .states import States
from .together import Asked, K, Steps, Told, together


class LocalEngine:
    """Replies with a model that is loaded here; see `Engine`.

    The state after each reply is kept, so that a turn reads only what is new, also
    after another turn was edited, regenerated or branched off. With `snapshots` it
    is kept on disk too. Not for use from two threads.
    """

    def __init__(self, model: LoadedModel, snapshots: Snapshots | None = None) -> None:
        self._model = model
        self._planner = Planner(model.format, model.context)
        self._states = States(model, snapshots)

    @property
    def model(self) -> ModelFacts:
        """See `Engine.model`."""
        return self._model

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        """See `Engine.reply`."""
        with closing(self._steps(request, cancelled)) as events:
            for event in events:
                if event is not None:
                    yield event

    def reply_together(
        self,
        arriving: Callable[[], Asked[K] | None],
        width: int,
    ) -> Generator[Told[K]]:
        """See `reply_as_they_come`; the replies give no readings."""

        def steps() -> tuple[K, Steps] | None:
            if (asked := arriving()) is None:
                return None
            return asked.key, partial(self._steps, asked.request, asked.cancelled)

        yield from together(self._model.language_model, steps, width)

    def _steps(
        self,
        request: Request,
        cancelled: Callable[[], bool],
        wrap: Callable[[Stepper], Stepper] = lambda stepper: stepper,
    ) -> Generator[Event | None]:
        """The events of a reply, with None whenever it is about to read a token."""
        start = time.perf_counter()
        settings = request.settings.seeded()
        check(settings)
        settings = settings.resolved(self._model.sampling)
        if request.begun and request.begun[-1] in self._model.format.stop_ids:
            raise UsageError("The reply is finished; there is nothing to continue.")
        settings = replace(settings, max_tokens=self._planner.longest(request))
        self._check_tools(request)
        plan = self._plan(request)
        if plan.dropped:
            yield Dropped(plan.dropped)
        controls = request.controls
        if request.readings and controls.alternatives is None:
            # How certain the model is belongs to what is read of it.
            controls = replace(controls, alternatives=1)
        if request.readings and self._model.features.readings:
            texts = texts_of(map(self._model.format.token_bytes, plan.prompt))
            yield PromptTokens(texts, plan.starts)
        switches = self._model.features.of_scope("state", settings.switches)
        state, read = self._states.find(plan, switches)
        unread, begun = plan.prompt[read:], request.begun
        run = Run(
            self._model,
            settings,
            begun,
            plan,
            len(unread),
            start,
            controls,
            bool(request.tools),
        )
        failure: GenerationError | None = None
        whole = True
        checkpoint = plan.checkpoint or 0
        pause = checkpoint - read if checkpoint > read else None
        try:
            for event in self._model.generate(
                unread,
                state,
                plan.prompt[:read],
                settings,
                request.readings,
                pause,
                controls,
                wrap,
            ):
                if isinstance(event, Token):
                    yield from run.push(event)
                elif isinstance(event, MixerReadings):
                    yield replace(event, starts=plan.starts)
                else:
                    if event.done == pause and self._model.features.can_copy:
                        # Some models read a part's last token with the next one.
                        so_far = plan.prompt[: state.offset]
                        self._states.keep(
                            state.copy(), so_far, switches, snapshot=request.snapshot
                        )
                    yield event
                if run.ended or cancelled():
                    break
                if isinstance(event, Token) and event.finish_reason is None:
                    yield None
        except GenerationError as error:
            run.finish_reason, failure, whole = "error", error, False
        except GeneratorExit:
            raise
        except BaseException:
            # Interrupted in the middle of a step: nobody knows what was read.
            whole = False
            raise
        finally:
            if whole and len(run.tokens) > len(begun):
                self._keep(state, plan, run, switches, snapshot=request.snapshot)
        yield from run.flush()
        reply = run.reply()
        said = Exchange(
            request.content,
            reply.text,
            reply.token_ids,
            reply.thought,
            request.tool_uses,
        )
        after = replace(request, exchanges=(*request.exchanges, said), tool_uses=())
        now = after if run.tokens else request
        yield Finished(reply, None if request.controls.raw else self.context(now))
        if whole:
            self._states.save()
        if failure:
            raise failure

    def _check_tools(self, request: Request) -> None:
        calls, name = self._model.format.calls, self._model.name
        if request.tools and calls is None:
            raise ToolError(
                f"The chat template of {name} has no place for tools; leave them out, "
                "or choose another model."
            )
        if request.used_tools and not (calls and calls.in_prompts):
            raise ToolError(
                f"The chat template of {name} has no place for calls of tools and "
                "their results; leave them out, or choose another model.",
                "messages",
            )

    def _plan(self, request: Request) -> Plan:
        if not request.controls.raw:
            return self._planner.plan(request)
        ids = encode_raw(self._model.tokenizer, request.content)
        if not ids:
            raise UsageError("The prompt is empty; write something to go on from.")
        return self._planner.continuation(ids, request.controls.repeated)

    def context(self, request: Request) -> Context:
        """See `Engine.context`."""
        return self._planner.context(request)

    def close(self) -> None:
        """See `Engine.close`."""
        self._states.clear()
        self._model.format.close()

    def _keep(
        self,
        state: State,
        plan: Plan,
        run: Run,
        switches: frozenset[str],
        *,
        snapshot: bool,
    ) -> None:
        prompt = plan.prompt[: len(plan.prompt) - len(run.begun)]
        read = [*prompt, *run.tokens][: state.offset]
        features, stop_ids = self._model.features, self._model.format.stop_ids
        # A template may close the reply with another token than the model did.
        if features.can_trim and len(read) > len(prompt) and read[-1] in stop_ids:
            state.trim(1)
            read.pop()
        self._states.keep(state, read, switches, snapshot=snapshot)
