"""Walks the Huffman codes of a JPEG scan in many places at once, in NumPy.

Where a code ends is known only once it is read, so a scan is read from its start to its end. A reader that begins
anywhere falls into step with the true one soon (Huffman codes synchronize themselves). Each lane therefore begins a
little before its piece of the scan, guesses, and is run again from where the lane before it ended, until all agree:
the result is that of one reader, exactly.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jpegpre_tf.runtime.pictures.jpeg_scans.scan_grammar import (
    BLOCK,
    END_OF_BAND,
    NO_CODE,
    PADDING,
    DamagedScanError,
    Grammar,
    check_surplus,
)

Int = npt.NDArray[np.int64]

_LANE_BITS = 4096
_WARM_UP_BITS = 1536
_LANES_AT_ONCE = 4096
# Below so many lanes a plain loop is faster than arrays.
_FEW_LANES = 48
_MOST_ROUNDS = 6


class ScanWalker:
    """Walks parts of entropy-coded data.

    Args:
        grammar: The order of codes.
        stream: The parts without stuffed zeros, each followed by `PADDING`.
    """

    def __init__(self, grammar: Grammar, stream: bytes) -> None:
        self._grammar = grammar
        data = np.frombuffer(stream + PADDING, np.uint8)
        words = data[:-3].astype(np.uint32)
        for offset in range(1, 4):
            words <<= np.uint32(8)
            words |= data[offset : len(data) - 3 + offset]
        self._words = words
        # For plain loops: NumPy's own numbers are slow.
        self._plain: tuple[Any, Any, list[int], int, int] = (
            words.data,
            grammar.steps.data,
            grammar.slots.tolist(),
            grammar.first,
            grammar.blocks,
        )

    def count(self, parts: Sequence[tuple[int, int]], blocks: Sequence[int]) -> None:
        """Checks that each part holds exactly its blocks.

        Args:
            parts: First and last bit (exclusive) of each.
            blocks: How many blocks each must have.

        Raises:
            DamagedScanError: If one has codes that its tables have not, or ends early or late.
        """
        starts: list[int] = []
        ends: list[int] = []
        owners: list[int] = []
        for number, (start, end) in enumerate(parts):
            edges = range(start, max(end, start + 1), _LANE_BITS)
            starts += edges
            ends += [*edges[1:], end]
            owners += [number] * len(edges)
        held = (0, 0, 0)  # position, place and block at which the last lane ended
        left = 0
        for first in range(0, len(starts), _LANES_AT_ONCE):
            some = slice(first, first + _LANES_AT_ONCE)
            held, left = self._count(
                np.array(starts[some]), np.array(ends[some]), owners[some], parts, blocks, held, left
            )

    def _count(
        self,
        starts: Int,
        ends: Int,
        owners: list[int],
        parts: Sequence[tuple[int, int]],
        blocks: Sequence[int],
        held: tuple[int, int, int],
        left: int,
    ) -> tuple[tuple[int, int, int], int]:
        first = self._grammar.first
        lanes = len(starts)
        is_first = np.array([start == parts[owner][0] for start, owner in zip(starts, owners, strict=True)])
        is_last = np.array([end == parts[owner][1] for end, owner in zip(ends, owners, strict=True)])
        part_starts = np.array([parts[owner][0] for owner in owners])
        # Where lanes begin: guessed by a short walk before them, or known.
        state = [
            np.maximum(starts - _WARM_UP_BITS, part_starts),
            np.full(lanes, first),
            np.zeros(lanes, np.int64),
        ]
        begin = np.stack(self._run(state, starts)[:3])
        known = [starts, np.full(lanes, first), np.zeros(lanes, np.int64)]
        begin[:, is_first] = np.stack(known)[:, is_first]
        if not is_first[0]:
            begin[:, 0] = held
        end, counts, wrong = self._ended(begin, ends)
        for _ in range(_MOST_ROUNDS):
            changed = np.flatnonzero((begin[:, 1:] != end[:, :-1]).any(axis=0) & ~is_first[1:]) + 1
            if len(changed) < _FEW_LANES:
                break
            begin[:, changed] = end[:, changed - 1]
            end[:, changed], counts[changed], wrong[changed] = self._ended(begin[:, changed], ends[changed])
        state_before = end[:, 0]
        for lane in range(lanes):
            if lane and not is_first[lane] and (begin[:, lane] != state_before).any():
                begin[:, lane] = state_before
                if not is_last[lane]:
                    end[:, lane], counts[lane], wrong[lane] = self._walk(
                        _state(state_before), int(ends[lane])
                    )
            if is_first[lane]:
                left = blocks[owners[lane]]
            if is_last[lane]:
                self._finish(_state(begin[:, lane]), int(ends[lane]), left)
            elif wrong[lane]:
                raise DamagedScanError("a scan has codes that its tables have not")
            left -= int(counts[lane])
            state_before = end[:, lane]
        return (int(end[0, -1]), int(end[1, -1]), int(end[2, -1])), left

    def _ended(self, begin: Int, ends: Int) -> tuple[Int, Int, npt.NDArray[np.bool_]]:
        *state, counts, wrong = self._run(list(begin), ends)
        return np.stack(state), counts, wrong > 0

    def _run(self, state: list[Int], ends: Int) -> list[Int]:
        """Walks lanes to the first code at or after `ends`; returns state, counts, and what is wrong."""
        grammar, words = self._grammar, self._words
        per_mcu, first = grammar.blocks, np.int32(grammar.first)
        next_block = np.append(np.arange(1, per_mcu), 0).astype(np.int32)
        result = [
            *(array.astype(np.int64) for array in state),
            np.zeros(len(ends), np.int64),
            np.zeros(len(ends), np.int64),
        ]
        lanes = np.flatnonzero(result[0] < ends)
        at, place, block = (result[i][lanes].astype(np.int32) for i in range(3))
        limit = ends[lanes].astype(np.int32)
        counts, wrong = np.zeros(len(lanes), np.int64), np.zeros(len(lanes), np.int32)
        while len(lanes):
            window = (words[at >> 3] >> (16 - (at & 7)).astype(np.uint32)) & np.uint32(0xFFFF)
            slot = grammar.slots[2 * block + (place > first)]
            entry = grammar.steps[window.astype(np.int32) + slot]
            runs = entry & 0x3C0
            if runs.any():
                some = np.flatnonzero(runs)
                bits = runs[some] >> 6
                behind = at[some] + (entry[some] & 63)
                value = (words[behind >> 3] >> (16 - (behind & 7)).astype(np.uint32)).astype(
                    np.int64
                ) & 0xFFFF
                counts[some] += (1 << bits) - 1 + (value >> (16 - bits))
                at[some] += bits
            at += entry & 63
            place += entry >> 10
            is_done = place >= BLOCK
            wrong |= ((place > BLOCK) & (place < END_OF_BAND)) | (place >= NO_CODE)
            counts += is_done
            block = np.where(is_done, next_block[block], block)
            place = np.where(is_done, first, place)
            is_active = at < limit
            if not is_active.all():
                gone = ~is_active
                some = lanes[gone]
                found: tuple[npt.NDArray[Any], ...] = (at, place, block, counts, wrong)
                for target, array in zip(result, found, strict=True):
                    target[some] = array[gone]
                lanes, limit = lanes[is_active], limit[is_active]
                at, place, block = at[is_active], place[is_active], block[is_active]
                counts, wrong = counts[is_active], wrong[is_active]
        return result

    def _walk(self, state: tuple[int, int, int], end: int) -> tuple[tuple[int, int, int], int, bool]:
        """`_run` of one lane, code by code."""
        words, steps, slots, first, per_mcu = self._plain
        at, place, block = state
        count, wrong = 0, False
        while at < end:
            entry = steps[((words[at >> 3] >> (16 - (at & 7))) & 0xFFFF) + slots[2 * block + (place > first)]]
            at += entry & 63
            runs = entry >> 6 & 15
            if runs:
                count += (1 << runs) - 1 + ((words[at >> 3] >> (16 - (at & 7)) & 0xFFFF) >> (16 - runs))
                at += runs
            place += entry >> 10
            if place >= BLOCK:
                wrong |= BLOCK < place < END_OF_BAND or place >= NO_CODE
                count, place, block = count + 1, first, block + 1
                if block == per_mcu:
                    block = 0
        return (at, place, block), count, wrong

    def _finish(self, state: tuple[int, int, int], end: int, left: int) -> None:
        """Walks the last lane of a part, which must end with its last block."""
        words, steps, slots, first, per_mcu = self._plain
        at, place, block = state
        while left > 0:
            if at >= end:
                raise DamagedScanError("a scan ends before the picture does")
            entry = steps[((words[at >> 3] >> (16 - (at & 7))) & 0xFFFF) + slots[2 * block + (place > first)]]
            at += entry & 63
            runs = entry >> 6 & 15
            if runs:
                left -= (1 << runs) - 1 + ((words[at >> 3] >> (16 - (at & 7)) & 0xFFFF) >> (16 - runs))
                at += runs
            place += entry >> 10
            if BLOCK < place < END_OF_BAND or place >= NO_CODE:
                raise DamagedScanError("a scan has codes that its tables have not")
            if place >= BLOCK:
                left, place, block = left - 1, first, (block + 1) % per_mcu
        if left < 0 or at > end:
            raise DamagedScanError("a scan ends before the picture does")
        check_surplus(bytes(word >> 24 for word in words[-(-at // 8) : end // 8]))


def _state(column: Int) -> tuple[int, int, int]:
    return int(column[0]), int(column[1]), int(column[2])
