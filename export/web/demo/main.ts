/** The page: photos in, smaller photos out. */
import type { ModelDescription, Preprocessor } from "../src/index.js";
import { watchArrivals } from "./arrivals.js";
import { download, downloadAll } from "./download.js";
import { bytes, distinct, outputName, saved } from "./format.js";
import type { Photo } from "./photo.js";
import { PhotoList } from "./photo_list.js";
import { Queue, sentence } from "./queue.js";
import { Scorer } from "./score/scorer.js";
import { watchSettings } from "./settings.js";
import { Viewer } from "./viewer.js";

const PROFILES: Record<string, string> = {
  balanced: "balanced",
  fidelity: "fidelity: closest to the pixels",
  perceptual: "perceptual: best to the eye",
};
const SAMPLES = ["samples/city.webp", "samples/girl.webp"];

// The package is used as it is shipped, from a folder beside this page.
const ASSETS = new URL("jpegpre/", document.baseURI).href;

const byId = <Type extends HTMLElement>(id: string): Type => document.getElementById(id) as Type;
const status = byId("status");
const profile = byId<HTMLSelectElement>("profile");

let current: Preprocessor | undefined;
const settings = watchSettings(() => queue.restart());
const queue = new Queue(new Scorer(), settings, update);
const viewer = new Viewer();
const list = new PhotoList({
  onChoose: choose,
  onCancel: (photo) => queue.cancel(photo),
  onRetry: (photo) => queue.retry(photo),
  onRemove: remove,
  onSave: save,
});

watchArrivals(add);
byId("samples").addEventListener("click", () => void addSamples());
byId("clear").addEventListener("click", clear);
byId("download-all").addEventListener("click", () => void saveAll());
profile.addEventListener("change", () => void open());
void listProfiles().then(open);

function say(message: string, isBad = false): void {
  status.textContent = message;
  status.classList.toggle("bad", isBad);
}

async function listProfiles(): Promise<void> {
  try {
    const { models } = (await (await fetch(`${ASSETS}models.json`)).json()) as { models: ModelDescription[] };
    const options = models.map(({ name }) => new Option(PROFILES[name] ?? name, name));
    profile.replaceChildren(...options);
    profile.value = models.some(({ name }) => name === "balanced") ? "balanced" : models[0]!.name;
    profile.disabled = models.length < 2;
  } catch {
    // `open` will say what is wrong.
  }
}

let opening = 0;

async function open(): Promise<void> {
  const turn = ++opening;
  queue.setPreprocessor(undefined);
  current?.close();
  current = undefined;
  say("Loading the network…");
  try {
    const { createPreprocessor } = (await import(/* @vite-ignore */ `${ASSETS}index.js`)) as typeof import("../src/index.js");
    const opened = await createPreprocessor({ profile: profile.value, assets: ASSETS });
    // Another profile was chosen meanwhile.
    if (turn !== opening) return opened.close();
    current = opened;
    const { name, threads, note } = opened.backend;
    const where = name === "webgpu" ? "on the graphics card" : `on ${threads === 1 ? "one thread" : `${threads} threads`}`;
    byId("backend").textContent = `Runs ${where}.${note ? ` ${sentence(note)}` : ""}`;
    say("");
    queue.setPreprocessor(opened);
  } catch (error) {
    if (turn === opening) say(sentence(error), true);
  }
}

function add(files: File[]): void {
  queue.add(files);
  for (const photo of queue.photos.slice(-files.length)) update(photo);
}

async function addSamples(): Promise<void> {
  try {
    const files = await Promise.all(
      SAMPLES.map(async (path) => {
        const response = await fetch(path);
        if (!response.ok) throw new Error(`the sample ${path} is not there`);
        return new File([await response.blob()], path.split("/").pop()!, { type: "image/webp" });
      }),
    );
    add(files);
  } catch (error) {
    say(sentence(error), true);
  }
}

function update(photo: Photo): void {
  list.update(photo);
  if (photo.state.kind === "working" && photo.state.fraction > 0) return; // nothing else changes
  byId("results").hidden = queue.photos.length === 0;
  summarise();
  if (photo.state.kind === "done" && !viewer.photo) choose(photo);
  else if (photo === viewer.photo) viewer.show(photo);
}

function remove(photo: Photo): void {
  queue.remove(photo);
  list.remove(photo);
  if (viewer.photo === photo) viewer.show(undefined);
  byId("results").hidden = queue.photos.length === 0;
  summarise();
  byId("files").focus();
}

function choose(photo: Photo): void {
  list.choose(photo);
  viewer.show(photo);
}

function done(): { photo: Photo; state: Extract<Photo["state"], { kind: "done" }> }[] {
  return queue.photos.flatMap((photo) => (photo.state.kind === "done" ? [{ photo, state: photo.state }] : []));
}

function summarise(): void {
  const finished = done();
  const plain = finished.reduce((sum, { state }) => sum + state.result.bytes.plain, 0);
  const output = finished.reduce((sum, { state }) => sum + state.result.bytes.output, 0);
  const count = `${finished.length} of ${queue.photos.length} ${queue.photos.length === 1 ? "photo" : "photos"}`;
  const gain = document.createElement("strong");
  if (finished.length) gain.textContent = `${saved(plain, output)} saved`;
  byId("summary").replaceChildren(finished.length ? `${count}: ${bytes(output)} instead of ${bytes(plain)}, ` : count, gain);
  byId<HTMLButtonElement>("download-all").disabled = finished.length === 0;
}

function save(photo: Photo): void {
  if (photo.state.kind !== "done") return;
  const { blob } = photo.state.result;
  download(blob, outputName(photo.file.name, blob.type));
}

async function saveAll(): Promise<void> {
  const finished = done();
  if (finished.length === 1) return save(finished[0]!.photo);
  const names = distinct(finished.map(({ photo, state }) => outputName(photo.file.name, state.result.blob.type)));
  await downloadAll(finished.map(({ state }, i) => ({ name: names[i]!, blob: state.result.blob })));
}

function clear(): void {
  queue.clear();
  list.clear();
  viewer.show(undefined);
  byId("results").hidden = true;
  byId("files").focus();
}
