"""A local server that speaks OpenAI's interface; needs the extra `serve`."""

from .server import Options, serve

__all__ = ["Options", "serve"]
