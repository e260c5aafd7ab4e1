/** Starts a worker from any address: of this origin or another, under Trusted Types or not. */

interface Policy {
  createScriptURL(url: string): string;
}

interface TrustedTypes {
  createPolicy(name: string, rules: Policy): Policy;
}

/** One policy per page or worker, however many copies of this package it has: a name may be taken only once. */
const POLICY = "jpegprePolicy";

/**
 * @param url Of worker.js. A browser loads workers only from the page's own origin; from another one, a script of this origin
 *   brings them in, which needs `worker-src blob:` where a content security policy is in force.
 * @throws TypeError, SecurityError where policies forbid it.
 */
export function startWorker(url: string, name: string): Worker {
  const isForeign = new URL(url).origin !== globalThis.origin;
  const address = isForeign ? URL.createObjectURL(bootstrap(url)) : url;
  return new Worker(trusted(address), { name });
}

function bootstrap(url: string): Blob {
  const script = `
    var types = self.trustedTypes, url = ${JSON.stringify(url)};
    if (types) self.${POLICY} = types.createPolicy("jpegpre", { createScriptURL: function (url) { return url; } });
    importScripts(types ? self.${POLICY}.createScriptURL(url) : url);`;
  return new Blob([script], { type: "text/javascript" });
}

function trusted(url: string): string {
  const scope = globalThis as { trustedTypes?: TrustedTypes; [POLICY]?: Policy };
  if (!scope.trustedTypes) return url;
  try {
    scope[POLICY] ??= scope.trustedTypes.createPolicy("jpegpre", { createScriptURL: (address) => address });
    return scope[POLICY].createScriptURL(url);
  } catch {
    return url; // The name is not allowed here: what comes of that is for the browser to decide.
  }
}
