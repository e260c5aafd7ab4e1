/**
 * SSIMULACRA2 (Jon Sneyers, Cloudinary, 2022): 100 is the original, 90 looks the same, 70 is high quality, 50 medium.
 *
 * The same formulas as the Python package ssimulacra2 0.3 (BSD-3-Clause, (c) 2025 Pacidus), which follows libjxl; tests
 * compare the two. Planes are float32 here and float64 there: differences stay below 0.05 of a score.
 */

type Plane = Float32Array;

interface Planes {
  width: number;
  height: number;
  /** Three planes of `width` x `height`. */
  planes: [Plane, Plane, Plane];
}

const SCALES = 6;
const SMALLEST_SIDE = 8;
const C2 = 0.0009;

// One line per sum: channel (X, Y, B), then scale, then norm (1, 4), then SSIM, artifacts, lost detail.
// prettier-ignore
const WEIGHTS = [
  0, 0.0007376606707406586, 0, 0, 0.0007793481682867309, 0, 0, 0.0004371155730107379, 0, 1.1041726426657346,
  0.00066284834129271, 0.00015231632783718752, 0, 0.0016406437456599754, 0, 1.8422455520539298, 11.441172603757666,
  0, 0.0007989109436015163, 0.000176816438078653, 0, 1.8787594979546387, 10.94906990605142, 0, 0.0007289346991508072,
  0.9677937080626833, 0, 0.00014003424285435884, 0.9981766977854967, 0.00031949755934435053, 0.0004550992113792063,
  0, 0, 0.0013648766163243398, 0, 0, 0, 0, 0, 7.466890328078848, 0, 17.445833984131262, 0.0006235601634041466, 0, 0,
  6.683678146179332, 0.00037724407979611296, 1.027889937768264, 225.20515300849274, 0, 0, 19.213238186143016,
  0.0011401524586618361, 0.001237755635509985, 176.39317598450694, 0, 0, 24.43300999870476, 0.28520802612117757,
  0.0004485436923833408, 0, 0, 0, 34.77906344483772, 44.835625328877896, 0, 0, 0, 0, 0, 0, 0, 0,
  0.0008680556573291698, 0, 0, 0, 0, 0, 0.0005313191874358747, 0, 0.00016533814161379112, 0, 0, 0, 0, 0,
  0.0004179171803251336, 0.0017290828234722833, 0, 0.0020827005846636437, 0, 0, 8.826982764996862, 23.19243343998926,
  0, 95.1080498811086, 0.9863978034400682, 0.9834382792465353, 0.0012286405048278493, 171.2667255897307,
  0.9807858872435379, 0, 0, 0, 0.0005130064588990679, 0, 0.00010854057858411537,
];

// libjxl, opsin_params.h
const BIAS = 0.0037930732552754493;
const BIAS_ROOT = Math.cbrt(BIAS);
const ABSORBANCE = [
  [0.3, 1 - 0.078 - 0.3, 0.078],
  [0.23, 1 - 0.078 - 0.23, 0.078],
  [0.24342268924547819, 0.20476744424496821, 1 - 0.24342268924547819 - 0.20476744424496821],
] as const;

const LINEAR = Float32Array.from({ length: 256 }, (_, level) => {
  const value = level / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

const RADIUS = 5;
const TAPS = (() => {
  const taps = Array.from({ length: 2 * RADIUS + 1 }, (_, i) => Math.exp((-0.5 * (i - RADIUS) ** 2) / 1.5 ** 2));
  const sum = taps.reduce((a, b) => a + b);
  return taps.map((tap) => tap / sum);
})();

interface Scale {
  xyb: Planes;
  mean: Plane[];
  meanSquare: Plane[];
}

/** Scores pictures against one original, whose part of the work is done once. */
export class Ssimulacra2 {
  readonly #scales: Scale[];

  /** @param original RGBA levels, opaque, at least 8 pixels a side. */
  constructor(original: ImageData) {
    this.#scales = pyramid(original).map((xyb) => ({
      xyb,
      mean: xyb.planes.map((plane) => blur(plane, xyb.width, xyb.height)),
      meanSquare: xyb.planes.map((plane) => blur(product(plane, plane), xyb.width, xyb.height)),
    }));
    if (this.#scales.length === 0) throw new RangeError("SSIMULACRA2 needs pictures of at least 8 x 8 pixels");
  }

  /** @param decoded RGBA levels of the same size. */
  score(decoded: ImageData): number {
    const scales = pyramid(decoded);
    // [channel][scale] -> six sums: for norm 1 and 4 SSIM, artifacts, lost detail.
    const sums = scales.map((xyb, i) => [0, 1, 2].map((channel) => compare(this.#scales[i]!, xyb, channel)));
    let total = 0;
    let weight = 0;
    for (let channel = 0; channel < 3; channel++) {
      for (const sum of sums) for (const value of sum[channel]!) total += WEIGHTS[weight++]! * Math.abs(value);
    }
    total *= 0.9562382616834844;
    total = 2.326765642916932 * total - 0.020884521182843837 * total ** 2 + 6.248496625763138e-5 * total ** 3;
    return total > 0 ? 100 - 10 * total ** 0.6276336467831387 : 100;
  }
}

function compare(original: Scale, decoded: Planes, channel: number): number[] {
  const { width, height } = decoded;
  const a = original.xyb.planes[channel]!;
  const b = decoded.planes[channel]!;
  const meanA = original.mean[channel]!;
  const squareA = original.meanSquare[channel]!;
  const meanB = blur(b, width, height);
  const squareB = blur(product(b, b), width, height);
  const cross = blur(product(a, b), width, height);
  let [ssim, ssim4, artifact, artifact4, lost, lost4] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const ma = meanA[i]!;
    const mb = meanB[i]!;
    const luminance = 1 - (ma - mb) ** 2;
    const structure = 2 * (cross[i]! - ma * mb) + C2;
    const d = Math.max(0, 1 - (luminance * structure) / (squareA[i]! - ma * ma + (squareB[i]! - mb * mb) + C2));
    ssim += d;
    ssim4 += d ** 4;
    // Edges where the original is smooth, and the other way round.
    const edge = (1 + Math.abs(b[i]! - mb)) / (1 + Math.abs(a[i]! - ma)) - 1;
    if (edge > 0) {
      artifact += edge;
      artifact4 += edge ** 4;
    } else {
      lost -= edge;
      lost4 += edge ** 4;
    }
  }
  const n = a.length;
  return [ssim / n, artifact / n, lost / n, (ssim4 / n) ** 0.25, (artifact4 / n) ** 0.25, (lost4 / n) ** 0.25];
}

/** XYB of each scale, halved in linear light, until a side is under 8 pixels. */
function pyramid(image: ImageData): Planes[] {
  let linear = toLinear(image);
  const scales: Planes[] = [];
  for (let i = 0; i < SCALES; i++) {
    if (i > 0) linear = halved(linear);
    if (Math.min(linear.width, linear.height) < SMALLEST_SIDE) break;
    scales.push(toXyb(linear));
  }
  return scales;
}

function toLinear({ width, height, data }: ImageData): Planes {
  const plane = (channel: number): Plane => Float32Array.from({ length: width * height }, (_, i) => LINEAR[data[4 * i + channel]!]!);
  return { width, height, planes: [plane(0), plane(1), plane(2)] };
}

/** Colours as eyes have them, shifted so that all are positive. */
function toXyb({ width, height, planes }: Planes): Planes {
  const [red, green, blue] = planes;
  const n = width * height;
  const result: Planes["planes"] = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
  const mixed = (row: readonly [number, number, number], i: number): number =>
    Math.cbrt(Math.max(0, row[0] * red[i]! + row[1] * green[i]! + row[2] * blue[i]! + BIAS)) - BIAS_ROOT;
  for (let i = 0; i < n; i++) {
    const long = mixed(ABSORBANCE[0], i);
    const medium = mixed(ABSORBANCE[1], i);
    const y = (long + medium) / 2;
    result[0][i] = ((long - medium) / 2) * 14 + 0.42;
    result[1][i] = y + 0.01;
    result[2][i] = mixed(ABSORBANCE[2], i) - y + 0.55;
  }
  return { width, height, planes: result };
}

/** Means of 2 x 2 pixels; at odd ends of what there is. */
function halved({ width, height, planes }: Planes): Planes {
  const w = Math.ceil(width / 2);
  const h = Math.ceil(height / 2);
  const half = (plane: Plane): Plane => {
    const result = new Float32Array(w * h);
    for (let y = 0; y < h; y++) {
      const top = 2 * y * width;
      const bottom = Math.min(2 * y + 1, height - 1) * width;
      for (let x = 0; x < w; x++) {
        const left = 2 * x;
        const right = Math.min(2 * x + 1, width - 1);
        result[y * w + x] = (plane[top + left]! + plane[top + right]! + plane[bottom + left]! + plane[bottom + right]!) / 4;
      }
    }
    return result;
  };
  return { width: w, height: h, planes: [half(planes[0]), half(planes[1]), half(planes[2])] };
}

function product(a: Plane, b: Plane): Plane {
  const result = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i]! * b[i]!;
  return result;
}

/** Gaussian of sigma 1.5: black beyond the left and right ends, mirrored beyond top and bottom, as the package has it. */
function blur(plane: Plane, width: number, height: number): Plane {
  const across = new Float32Array(plane.length);
  const padded = new Float32Array(width + 2 * RADIUS);
  for (let y = 0; y < height; y++) {
    padded.set(plane.subarray(y * width, (y + 1) * width), RADIUS);
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let tap = 0; tap < TAPS.length; tap++) sum += TAPS[tap]! * padded[x + tap]!;
      across[y * width + x] = sum;
    }
  }
  const result = new Float32Array(plane.length);
  for (let y = 0; y < height; y++) {
    const to = result.subarray(y * width, (y + 1) * width);
    for (let tap = 0; tap < TAPS.length; tap++) {
      const weight = TAPS[tap]!;
      const from = mirrored(y + tap - RADIUS, height) * width;
      for (let x = 0; x < width; x++) to[x] = to[x]! + weight * across[from + x]!;
    }
  }
  return result;
}

/** Row -1 is row 0, row -2 is row 1, ...; as often as it takes. */
function mirrored(row: number, height: number): number {
  const period = 2 * height;
  const inside = ((row % period) + period) % period;
  return inside < height ? inside : period - 1 - inside;
}
