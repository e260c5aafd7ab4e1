/** What this browser's encoder does with carriers, found out by small files that it writes, and one picture's carrier. */
import { encoderTables } from "../jpeg/encoder_tables.js";
import { finish } from "../jpeg/finish.js";
import { countWrong } from "../jpeg/read_coefficients.js";
import { standardTables } from "../jpeg/standard_tables.js";
import type { Tables } from "../jpeg/tables.js";
import { firstLine } from "../errors.js";
import { bytesOf, Canvas } from "./canvas.js";
import { coefficientCount, emptyCoefficients, sampleRows, WORK_ROW, type Coefficients } from "./coefficients.js";
import type { Kernel } from "./kernel.js";

/** Qualities of the encoder that a carrier may be made for, as jpegpre_tf/jpeg/carriers/encoder_choice.py has them. */
const CANDIDATES = [60, 70, 75, 80, 85, 90, 93, 95, 96, 97, 98];
/** What Firefox has instead of the higher ones: from 90 on it writes 4:4:4. */
const HIGHEST_OF_FIREFOX = 89;
/** libjpeg refuses longer sides, and a carrier's are multiples of 16. */
const LONGEST_SIDE = Math.floor(65_500 / WORK_ROW) * WORK_ROW;
// The rule of jpegpre_tf/runtime/inference/carrier.py: when coefficients of the file are counted, and how many may be wrong.
/** Mean step of the encoder's luma table, in levels, below which coefficients come out otherwise. */
const FINE_STEPS = 4;
/** Part of the pixels that may be cut at 0 or 255 before another quality of the encoder is tried. */
const FEW_CUT = 1e-4;
/** And before coefficients are counted: each pixel touches 96 at most. */
const HARMLESS_CUT = 1 / 5000 / 96;
const mostWrong = (quality: number): number => (quality <= 80 ? 1 / 5000 : 1 / 500);
/** Of the test picture: side, and part of its coefficients that may come out otherwise. Encoders that round give 0. */
const SIDE = 64;
const MOST_CHANGED = 0.005;

export interface EncoderQuality {
  quality: number;
  tables: Tables;
}

/** Why a picture has no carrier: its pixels are edited then. */
export class NoCarrier extends Error {}

/** @throws NoCarrier for pictures of this size. */
export function checkSize(width: number, height: number): void {
  if (Math.max(width, height) > LONGEST_SIDE) throw new NoCarrier(`a carrier's sides have at most ${LONGEST_SIDE} pixels`);
}

let checked: Promise<EncoderQuality[]> | undefined;

/**
 * The qualities of this browser's encoder that carriers may be made for, with their tables; found out once.
 *
 * @throws NoCarrier if there is none, or it does not write what a carrier holds.
 */
export function encoderQualities(kernel: Kernel): Promise<EncoderQuality[]> {
  checked ??= probe(kernel);
  return checked;
}

async function probe(kernel: Kernel): Promise<EncoderQuality[]> {
  const found: EncoderQuality[] = [];
  const add = async (quality: number): Promise<void> => {
    const tables = await encoderTables(quality);
    if (tables) found.push({ quality, tables });
  };
  for (const quality of CANDIDATES) await add(quality);
  if (found.length && found.at(-1)!.quality < HIGHEST_OF_FIREFOX) await add(HIGHEST_OF_FIREFOX);
  if (found.length === 0) throw new NoCarrier("this browser writes no JPEG files of 4:2:0 with tables of 8 bits");
  await checkRounding(kernel, found.find(({ quality }) => quality >= 75) ?? found[0]!);
  return found;
}

/** @throws NoCarrier unless the encoder writes the coefficients that a carrier has. */
async function checkRounding(kernel: Kernel, { quality, tables }: EncoderQuality): Promise<void> {
  const pixels = new Uint8ClampedArray(SIDE * SIDE * 4);
  let chance = 1;
  for (let i = 0; i < pixels.length; i++) {
    chance = (Math.imul(chance, 1103515245) + 12345) & 0x7fffffff;
    const at = i >> 2;
    pixels[i] = i % 4 === 3 ? 255 : (at % SIDE) + Math.floor(at / SIDE) + [20, 60, 100][i % 4]! + ((chance >> 16) % 41) - 20;
  }
  const wanted = kernel.decide({ pixels, width: SIDE, height: SIDE, first: 0, end: SIDE / WORK_ROW }, tables, 0);
  const canvas = new Canvas(SIDE, SIDE, true);
  canvas.write(new ImageData(kernel.render(wanted, tables).pixels, SIDE, SIDE), 0);
  const wrong = countWrong(await bytesOf(canvas.encode(quality)), wanted);
  canvas.close();
  if (wrong === undefined) throw new NoCarrier("this browser writes no baseline JPEG files");
  if (wrong > MOST_CHANGED * coefficientCount(wanted)) {
    throw new NoCarrier("this browser's encoder, or its protection against fingerprinting, changes coefficients");
  }
}

/** The steps to one picture's carrier. Those that render say how many pixels are cut at 0 or 255. */
export interface CarrierWork {
  kernel: Kernel;
  /** Decides and renders in one sweep. */
  carry(target: Tables, encoder: Tables): Promise<number>;
  decide(target: Tables): Promise<Coefficients>;
  render(coefficients: Coefficients, encoder: Tables): Promise<number>;
}

interface MadeCarrier<Quality> {
  /** That of the encoder that it was made for. */
  chosen: Quality;
  /** Pixels that are cut. */
  cut: number;
  /** What it holds, if that had to be looked at. */
  wanted: Coefficients | undefined;
}

/**
 * Makes the carrier for that quality of the encoder which carries the picture best.
 *
 * Of most pictures nothing is cut at the quality that suits their tables: there one sweep is all.
 *
 * @param size Of the carrier, in pixels.
 * @param qualities In ascending order.
 */
export async function makeCarrier<Quality extends { tables: Tables }>(
  target: Tables,
  size: { width: number; height: number },
  qualities: readonly Quality[],
  { kernel, carry, decide, render }: CarrierWork,
): Promise<MadeCarrier<Quality>> {
  // Of nothing, nothing is cut: the tables alone choose.
  const fitting = chooseQuality(kernel, emptyCoefficients(WORK_ROW, WORK_ROW), target, qualities);
  let cut: number | undefined;
  if (qualities.length === 1 || !isFine(fitting.tables)) {
    cut = await carry(target, fitting.tables);
    if (qualities.length === 1 || cut <= FEW_CUT * size.width * size.height) return { chosen: fitting, cut, wanted: undefined };
  }
  const wanted = await decide(target);
  const chosen = chooseQuality(kernel, sampleRows(wanted), target, qualities);
  if (cut === undefined || chosen !== fitting) cut = await render(wanted, chosen.tables);
  return { chosen, cut, wanted };
}

/**
 * One picture's file of these tables, by way of its carrier.
 *
 * @param quality That the tables are of.
 * @param size Of the picture.
 * @param canvas Of the carrier's size; `work` renders on it.
 * @throws NoCarrier
 */
export async function encodeCarrier(
  target: Tables,
  quality: number,
  size: { width: number; height: number },
  canvas: Canvas,
  work: CarrierWork,
): Promise<Uint8Array<ArrayBuffer>> {
  const made = await makeCarrier(target, canvas, await encoderQualities(work.kernel), work);
  const { quality: encoderQuality, tables } = made.chosen;
  const encoded = await bytesOf(canvas.encode(encoderQuality));
  if (isFine(tables) || made.cut > HARMLESS_CUT * canvas.width * canvas.height) {
    const wanted = made.wanted ?? (await work.decide(target));
    const wrong = countWrong(encoded, wanted);
    if (wrong === undefined || wrong > mostWrong(quality) * coefficientCount(wanted)) {
      throw new NoCarrier("too few coefficients survive: steps are too fine, or contrast too large");
    }
  }
  try {
    return finish(encoded, tables, target, size.width, size.height);
  } catch (error) {
    throw new NoCarrier(`this browser's encoder wrote another file than expected: ${firstLine(error)}`);
  }
}

function isFine({ luma }: Tables): boolean {
  return luma.reduce((sum, step) => sum + step, 0) < 64 * FINE_STEPS;
}

function chooseQuality<Quality extends { tables: Tables }>(kernel: Kernel, wanted: Coefficients, target: Tables, qualities: readonly Quality[]): Quality {
  return qualities[kernel.choose(wanted, target, qualities.map(({ tables }) => tables))]!;
}

/** Those of encoders with libjpeg's tables. */
export const LIBJPEG_QUALITIES: readonly EncoderQuality[] = CANDIDATES.map((quality) => ({ quality, tables: standardTables(quality) }));

/** The size of a picture's carrier. */
export function carrierSide(side: number): number {
  return Math.ceil(side / WORK_ROW) * WORK_ROW;
}
