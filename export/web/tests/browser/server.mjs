// A static file server for tests and measurements: with or without cross-origin isolation.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
};

// Imported here: vitest rewrites import() in the functions that tests send to the page.
const BLANK = `<!doctype html><link rel="icon" href="data:,"><script>load = (url) => import(url)</script>`;

/**
 * Serves `folders` ({ "/prefix/": "/folder/" }) and an empty page /blank.html on a free port.
 *
 * @param {Record<string, string>} folders
 * @param {boolean} isIsolated Send the headers without which there is no SharedArrayBuffer.
 * @param {Record<string, string>} headers Sent with everything.
 * @returns {Promise<{ url: string, requests: string[], close(): Promise<void> }>} With the paths that were asked for, in order.
 */
export async function serve(folders, isIsolated = true, headers = {}) {
  const requests = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
    requests.push(path);
    if (isIsolated) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (path === "/blank.html") {
      response.setHeader("Content-Type", "text/html");
      response.end(BLANK);
      return;
    }
    for (const [prefix, folder] of Object.entries(folders)) {
      if (!path.startsWith(prefix)) continue;
      const file = join(folder, path.slice(prefix.length) || "index.html");
      if (!existsSync(file) || !statSync(file).isFile()) continue;
      response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
      createReadStream(file).pipe(response);
      return;
    }
    response.statusCode = 404;
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  };
}
