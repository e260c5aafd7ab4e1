// MozJPEG in a worker, as ours runs in one.
import encode from "/jsquash/encode.js";

self.onmessage = async ({ data: { image, options } }) => {
  const jpeg = await encode(image, options);
  self.postMessage(jpeg.byteLength);
};
