"""Power loss on a broker's disk: what its logs look like when unsynced batches never arrived.

The broker is dead when this is done. Of each partition log every batch goes whose base offset is
the kept offset or more; checkpoints that lie past the cut go back to it, as they cannot have been
synced later than the data they speak of. Index files go too: recovery rebuilds them.
"""
import pathlib

Keep = int | str                     # the first offset that is gone, or "all"

INDEXES = (".index", ".timeindex", ".txnindex")
HEADER = 12                          # base offset, batch length


def keep_for(keep: Keep | dict[str, Keep], partition: str) -> int | None:
    """The first offset that is gone from a partition; None where all is kept."""
    value = keep.get(partition, keep.get("*", "all")) if isinstance(keep, dict) else keep
    return None if value == "all" else int(value)


def end_before(data: bytes, keep: int) -> int:
    """Where in a segment the first batch begins whose base offset is keep or more."""
    at = 0
    while at + HEADER <= len(data):
        if int.from_bytes(data[at:at + 8], "big") >= keep:
            return at
        at += HEADER + int.from_bytes(data[at + 8:at + HEADER], "big")
    return min(at, len(data))


def cut_log(folder: pathlib.Path, keep: int) -> None:
    """Cuts one partition's segments at an offset."""
    for number, segment in enumerate(sorted(folder.glob("*.log"))):
        end = end_before(segment.read_bytes(), keep)
        if end == segment.stat().st_size:
            continue
        if number > 0 and int(segment.stem) > keep:
            segment.unlink()
        else:
            with segment.open("r+b") as handle:
                handle.truncate(end)
        for suffix in INDEXES:
            segment.with_suffix(suffix).unlink(missing_ok=True)


def clamp_checkpoint(path: pathlib.Path, cuts: dict[str, int]) -> None:
    """Lines "TOPIC PARTITION OFFSET" of a checkpoint file go back to the cut of their partition."""
    if not path.exists():
        return
    lines = []
    for line in path.read_text().splitlines():
        words = line.split(" ")
        cut = cuts.get("-".join(words[:2])) if len(words) == 3 else None
        lines.append(line if cut is None else f"{words[0]} {words[1]} {min(int(words[2]), cut)}")
    path.write_text("".join(f"{line}\n" for line in lines))


def lose_power(data: pathlib.Path, partitions: list[str], keep: Keep | dict[str, Keep]) -> None:
    """What a log directory is after its machine lost power."""
    (data / ".kafka_cleanshutdown").unlink(missing_ok=True)
    cuts = {}
    for partition in partitions:
        offset = keep_for(keep, partition)
        if offset is not None and (data / partition).is_dir():
            cuts[partition] = offset
            cut_log(data / partition, offset)
    clamp_checkpoint(data / "recovery-point-offset-checkpoint", cuts)
