/** Huffman codes as JPEG files have them. */

export interface Code {
  /** How many codes have 1..16 bits. */
  counts: number[];
  /** Symbols, shortest codes first. */
  symbols: number[];
}

/** For reading: indexed by the next 16 bits, `length << 8 | symbol`; 0 where no code fits. */
export function decodingTable({ counts, symbols }: Code): Uint16Array {
  const table = new Uint16Array(1 << 16);
  let at = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < counts[length - 1]!; i++) {
      const span = 1 << (16 - length);
      table.fill((length << 8) | symbols[next++]!, at, at + span);
      at += span;
    }
  }
  return table;
}

/** For writing: `bits << 5 | length` of each symbol. */
export function encodingTable({ counts, symbols }: Code): Uint32Array {
  const table = new Uint32Array(256);
  let bits = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++, bits <<= 1) {
    for (let i = 0; i < counts[length - 1]!; i++) table[symbols[next++]!] = (bits++ << 5) | length;
  }
  return table;
}

/**
 * The code with the fewest bits, none longer than 16 and none of ones alone (T.81, K.2, as libjpeg does it).
 *
 * @param frequencies Of the 256 symbols; at least one occurs.
 */
export function optimalCode(frequencies: ArrayLike<number>): Code {
  // One more symbol, which is dropped in the end: its code is the one of ones alone.
  const weights = [...Array.from(frequencies), 1];
  const lengths = new Array<number>(257).fill(0);
  const following = new Array<number>(257).fill(-1);
  for (;;) {
    const [least, second] = twoLeast(weights);
    if (second < 0) break;
    weights[least]! += weights[second]!;
    weights[second] = 0;
    let last = least;
    for (; ; last = following[last]!) {
      lengths[last]!++;
      if (following[last]! < 0) break;
    }
    following[last] = second;
    for (let at = second; at >= 0; at = following[at]!) lengths[at]!++;
  }
  const counts = new Array<number>(258).fill(0);
  for (const length of lengths) if (length) counts[length]!++;
  shorten(counts);
  const symbols = Array.from({ length: 256 }, (_, symbol) => symbol).filter((symbol) => lengths[symbol]);
  symbols.sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  return { counts: counts.slice(1, 17), symbols };
}

/** Of the symbols that occur, the rarest and the next; of equals the last. -1 for what there is not. */
function twoLeast(weights: number[]): [number, number] {
  let least = -1;
  let second = -1;
  for (let i = 0; i < weights.length; i++) {
    if (!weights[i]) continue;
    if (least < 0 || weights[i]! <= weights[least]!) {
      second = least;
      least = i;
    } else if (second < 0 || weights[i]! <= weights[second]!) second = i;
  }
  return [least, second];
}

/** Moves codes of more than 16 bits up the tree, and takes the longest one away: that of the added symbol. */
function shorten(counts: number[]): void {
  for (let length = counts.length - 1; length > 16; length--) {
    while (counts[length]! > 0) {
      let shorter = length - 2;
      while (counts[shorter] === 0) shorter--;
      counts[length]! -= 2;
      counts[length - 1]!++;
      counts[shorter + 1]! += 2;
      counts[shorter]!--;
    }
  }
  let longest = 16;
  while (counts[longest] === 0) longest--;
  counts[longest]!--;
}
