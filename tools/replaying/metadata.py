"""One broker's view of its cluster: Kafka's Metadata request, version 7, over a plain socket.

Kafka's clients ask whichever broker they like; a replay must know whose view it gets, because a
broker that is cut off from the controller tells an old story.
"""
import dataclasses
import socket
import struct

METADATA_KEY, METADATA_VERSION = 3, 7
ANSWER_MAX = 16 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class PartitionView:
    leader: int                      # -1: none
    epoch: int
    isr: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class ClusterView:
    brokers: frozenset[int]          # those that are not fenced
    partitions: dict[str, PartitionView]


class MetadataError(Exception):
    """No answer, or one that cannot be read."""


def request(topics: list[str]) -> bytes:
    def text(value: str) -> bytes:
        raw = value.encode()
        return struct.pack(">h", len(raw)) + raw
    body = struct.pack(">i", len(topics)) + b"".join(map(text, topics)) + b"\0"
    head = struct.pack(">hhi", METADATA_KEY, METADATA_VERSION, 1) + text("replay")
    return struct.pack(">i", len(head + body)) + head + body


class Cursor:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> int:
        size = struct.calcsize(form)
        if self.at + size > len(self.data):
            raise MetadataError("the answer ends too early")
        value, = struct.unpack_from(form, self.data, self.at)
        self.at += size
        return int(value)

    def text(self) -> str:
        size = self.take(">h")
        if size < 0:
            return ""
        if self.at + size > len(self.data):
            raise MetadataError("the answer ends too early")
        self.at += size
        return self.data[self.at - size:self.at].decode(errors="replace")

    def ints(self) -> tuple[int, ...]:
        return tuple(self.take(">i") for _ in range(max(0, self.take(">i"))))


def parse(answer: bytes) -> ClusterView:
    """The body of an answer, from its correlation id on."""
    data = Cursor(answer)
    data.take(">i")                                    # correlation id
    data.take(">i")                                    # throttle time
    brokers = set()
    for _ in range(max(0, data.take(">i"))):
        brokers.add(data.take(">i"))
        data.text()
        data.take(">i")
        data.text()                                    # rack
    data.text()                                        # cluster id
    data.take(">i")                                    # controller
    partitions = {}
    for _ in range(max(0, data.take(">i"))):
        data.take(">h")
        name = data.text()
        data.take(">b")                                # is internal
        for _ in range(max(0, data.take(">i"))):
            data.take(">h")
            index, leader, epoch = data.take(">i"), data.take(">i"), data.take(">i")
            data.ints()                                # replicas
            isr = data.ints()
            data.ints()                                # offline replicas
            partitions[f"{name}-{index}"] = PartitionView(leader, epoch, isr)
    return ClusterView(frozenset(brokers), partitions)


def exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise MetadataError("the broker closed the connection")
        data += more
    return data


def ask(address: str, topics: list[str], timeout: float = 0.7) -> ClusterView:
    try:
        with socket.create_connection((address, 9092), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(request(topics))
            size, = struct.unpack(">i", exactly(connection, 4))
            if not 0 < size <= ANSWER_MAX:
                raise MetadataError(f"an answer of {size} bytes")
            return parse(exactly(connection, size))
    except OSError as problem:
        raise MetadataError(str(problem)) from None
