"""`python -m genesis_chat` is `genesis-chat`."""

from .cli import main

if __name__ == "__main__":
    main()
