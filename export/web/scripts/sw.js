// Keeps the page for when there is no network. scripts/service_worker.mjs fills in the first two lines.
const VERSION = "__VERSION__";
const FILES = [/* __FILES__ */];
const CACHE = `jpegpre-${VERSION}`;

self.addEventListener("install", (event) => {
  const whole = caches.open(CACHE).then((cache) => cache.addAll(["./", ...FILES]));
  event.waitUntil(whole.then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const clean = caches.keys().then((names) => {
    const old = names.filter((name) => name.startsWith("jpegpre-") && name !== CACHE);
    return Promise.all(old.map((name) => caches.delete(name)));
  });
  event.waitUntil(clean.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  // The page itself from the network, so that a new one is seen; what it names carries a hash in its name or seldom changes.
  event.respondWith(request.mode === "navigate" ? newest(request) : kept(request));
});

async function newest(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match("./", { cacheName: CACHE })) ?? Response.error();
  }
}

async function kept(request) {
  const known = await caches.match(request, { cacheName: CACHE });
  if (known) return known;
  const response = await fetch(request);
  // A profile that was chosen once: the others are not loaded ahead.
  if (response.ok && request.url.endsWith(".bin")) await (await caches.open(CACHE)).put(request, response.clone());
  return response;
}
