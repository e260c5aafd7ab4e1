/** The page: photos in, smaller photos out. */
import { profiles } from "jpegpre";
import { watchArrivals } from "./arrivals.js";
import { canCopy, canShare, copy, download, downloadAll, share } from "./download.js";
import { bytes, change, distinct, outputName } from "./format.js";
import { Loader } from "./loader.js";
import type { Photo } from "./photo.js";
import { PhotoList, element } from "./photo_list.js";
import { Queue, sentence } from "./queue.js";
import { Scorer } from "./score/scorer.js";
import { remember, watchSettings } from "./settings.js";
import { Viewer } from "./viewer.js";

const PROFILES: Record<string, string> = {
  balanced: "balanced",
  fidelity: "fidelity: closest to the pixels",
  perceptual: "perceptual: best to the eye",
};
const SAMPLES = ["samples/city.webp", "samples/girl.webp"];

const byId = <Type extends HTMLElement>(id: string): Type => document.getElementById(id) as Type;
const status = byId("status");
const profile = byId<HTMLSelectElement>("profile");
profile.replaceChildren(...profiles.map(({ name }) => new Option(PROFILES[name] ?? name, name, name === "balanced", name === "balanced")));

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
const loader = new Loader({
  onLoading: (fraction) => showStatus(`Loading the network… ${fraction > 0 ? `${Math.round(100 * fraction)} %` : ""}`),
  onReady: (preprocessor) => {
    const { threads } = preprocessor;
    byId("backend").textContent = `Runs on ${threads === 1 ? "one thread" : `${threads} threads`} of this device, profile ${preprocessor.profile.name}.`;
    showStatus("");
    queue.setPreprocessor(preprocessor);
  },
  onFailure: (error, current) => {
    if (current) {
      profile.value = current;
      remember(byId<HTMLFormElement>("settings")); // a profile that does not load is not what the next visit begins with
      return showStatus(`${sentence(error)} Still with ${current}.`, true);
    }
    const again = element("button", "link", "Try again");
    again.addEventListener("click", () => void loader.load(profile.value));
    showStatus(`${sentence(error)} Your photos wait. `, true, again);
  },
});

watchArrivals(add);
byId("samples").addEventListener("click", () => void addSamples());
byId("clear").addEventListener("click", clear);
byId("download-all").addEventListener("click", () => void saveAll());
byId("save").addEventListener("click", () => viewer.photo && save(viewer.photo));
profile.addEventListener("change", () => {
  remember(byId<HTMLFormElement>("settings"));
  void loader.load(profile.value);
});
// What failed for want of a network is tried again once there is one.
addEventListener("online", () => loader.isReady || void loader.load(profile.value));
offerCopyAndShare();
void loader.load(profile.value);
if ("serviceWorker" in navigator) navigator.serviceWorker.register("sw.js").catch(() => undefined); // the page works without

function showStatus(message: string, isBad = false, ...more: Node[]): void {
  status.replaceChildren(message, ...more);
  status.classList.toggle("bad", isBad);
}

function offerCopyAndShare(): void {
  byId("copy").hidden = !canCopy();
  byId("share").hidden = !canShare();
  const onResult = (work: (blob: Blob, name: string) => Promise<unknown>, done: string) => async (): Promise<void> => {
    const { photo } = viewer;
    if (photo?.state.kind !== "done") return;
    const { blob } = photo.state.result;
    try {
      if (await work(blob, outputName(photo.file.name, blob.type))) showStatus(done);
    } catch (error) {
      showStatus(sentence(error), true);
    }
  };
  byId("copy").addEventListener("click", onResult(copy, "The picture is on the clipboard."));
  byId("share").addEventListener("click", onResult(share, ""));
}

function add(files: File[]): void {
  queue.add(files);
  if (files.length === 0) return showStatus("There are no pictures in there.", true);
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
    showStatus(sentence(error), true);
  }
}

function update(photo: Photo): void {
  list.update(photo);
  if (photo.state.kind === "working" && photo.state.fraction > 0) return; // nothing else changes
  showResults();
  if (photo.state.kind === "done" && !viewer.photo) choose(photo);
  else if (photo === viewer.photo) look(photo);
}

function remove(photo: Photo): void {
  queue.remove(photo);
  list.remove(photo);
  if (viewer.photo === photo) {
    viewer.show(undefined);
    const next = done()[0]?.photo;
    if (next) choose(next);
  }
  showResults();
  byId("files").focus();
}

function choose(photo: Photo): void {
  list.choose(photo);
  look(photo);
}

function look(photo: Photo): void {
  const isNew = photo.state.kind === "done" && photo.state.comparison === undefined;
  const isDue = isNew && (photo.state as { result: { kept: string } }).result.kept !== "original" && settings().maxSide === undefined;
  viewer.show(photo, isDue);
  if (isNew) void queue.compare(photo);
}

function done(): { photo: Photo; state: Extract<Photo["state"], { kind: "done" }> }[] {
  return queue.photos.flatMap((photo) => (photo.state.kind === "done" ? [{ photo, state: photo.state }] : []));
}

function showResults(): void {
  const hasPhotos = queue.photos.length > 0;
  byId("results").hidden = !hasPhotos;
  document.body.classList.toggle("at-work", hasPhotos);
  const finished = done();
  const sum = (of: (one: (typeof finished)[number]) => number): number => finished.reduce((total, one) => total + of(one), 0);
  const [input, plain, output] = [sum(({ photo }) => photo.file.size), sum(({ state }) => state.result.bytes.plain), sum(({ state }) => state.result.bytes.output)];
  const count = `${finished.length} of ${queue.photos.length} ${queue.photos.length === 1 ? "photo" : "photos"}`;
  const parts: (Node | string)[] = [count];
  if (finished.length) {
    const gain = element("strong", output < input ? "won" : "", `${bytes(input)} → ${bytes(output)} (${change(input, output)})`);
    parts.push(": ", gain, element("small", "", `ordinary JPEGs of the same quality: ${bytes(plain)}`));
  }
  byId("summary").replaceChildren(...parts);
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
  showResults();
  byId("files").focus();
}
