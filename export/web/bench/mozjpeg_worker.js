// MozJPEG in a worker, as ours runs in one.
import encode from "/jsquash/encode.js";

self.onmessage = async ({ data: { image, options } }) => self.postMessage(await encode(image, options));
