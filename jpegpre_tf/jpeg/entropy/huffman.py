"""Huffman code lengths and codes: the standard's example tables and libjpeg's per-file optimal ones."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]

MAX_CODE_LENGTH = 16


@dataclass(frozen=True)
class HuffmanTable:
    """One DHT table.

    Attributes:
        bits: 16 integers, bits[i] codes have length i + 1 (T.81, B.2.4.2).
        values: The symbols, by increasing code length.
    """

    bits: tuple[int, ...]
    values: tuple[int, ...]

    @property
    def segment_bytes(self) -> int:
        """Size of the DHT marker segment that carries this table alone."""
        return 2 + 2 + 1 + 16 + len(self.values)

    def lengths(self) -> Int:
        """(256,) code length per symbol in bits, 0 where the symbol has no code."""
        lengths = np.zeros(256, np.int64)
        lengths[list(self.values)] = np.repeat(np.arange(1, 17), self.bits)
        return lengths

    def codes(self) -> Int:
        """(256,) canonical code per symbol (T.81, annex C), 0 where the symbol has no code."""
        codes = np.zeros(256, np.int64)
        code = position = 0
        for count in self.bits:
            for symbol in self.values[position : position + count]:
                codes[symbol] = code
                code += 1
            position += count
            code <<= 1
        return codes


def _ac_values(text: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(text))


# T.81 tables K.3 to K.6.
STANDARD_DC_LUMA = HuffmanTable((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0), tuple(range(12)))
STANDARD_DC_CHROMA = HuffmanTable((0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0), tuple(range(12)))
STANDARD_AC_LUMA = HuffmanTable(
    (0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D),
    _ac_values(
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435"
        "363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798"
        "999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4"
        "f5f6f7f8f9fa"
    ),
)
STANDARD_AC_CHROMA = HuffmanTable(
    (0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77),
    _ac_values(
        "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a2627"
        "28292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a"
        "92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4"
        "f5f6f7f8f9fa"
    ),
)


def optimal_table(counts: npt.NDArray[np.integer]) -> HuffmanTable:
    """The table libjpeg builds for a file with these symbol counts (jpeg_gen_optimal_table, T.81 K.2).

    Args:
        counts: (256,) occurrences of each symbol.
    """
    frequency = np.append(np.asarray(counts, np.int64), 1)  # pseudo-symbol 256 keeps the all-ones code free
    tree = np.arange(257)
    size = np.zeros(257, np.int64)
    while True:
        alive = np.flatnonzero(frequency)
        if len(alive) < 2:
            break
        # The two rarest; among equals libjpeg takes the larger symbol first.
        first, second = sorted(alive, key=lambda symbol: (frequency[symbol], -symbol))[:2]
        frequency[first] += frequency[second]
        frequency[second] = 0
        size[(tree == first) | (tree == second)] += 1
        tree[tree == second] = first
    length_counts = np.bincount(size, minlength=258)
    length_counts[0] = 0
    _limit_lengths(length_counts)
    symbols = sorted(np.flatnonzero(size[:256]), key=lambda symbol: (size[symbol], symbol))
    return HuffmanTable(tuple(int(n) for n in length_counts[1:17]), tuple(int(symbol) for symbol in symbols))


def _limit_lengths(length_counts: Int) -> None:
    """Shortens codes over 16 bits in place and drops the pseudo-symbol's code (T.81 figure K.3)."""
    for length in range(len(length_counts) - 1, MAX_CODE_LENGTH, -1):
        while length_counts[length] > 0:
            shorter = length - 2
            while length_counts[shorter] == 0:
                shorter -= 1
            length_counts[length] -= 2
            length_counts[length - 1] += 1
            length_counts[shorter + 1] += 2
            length_counts[shorter] -= 1
    longest = int(np.flatnonzero(length_counts)[-1])
    length_counts[longest] -= 1
