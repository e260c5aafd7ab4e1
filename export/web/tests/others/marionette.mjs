// A headless Firefox, driven by the protocol that it brings: https://firefox-source-docs.mozilla.org/testing/marionette/
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PORT = 20_000 + (process.pid % 20_000);
const PREFERENCES = {
  "marionette.port": PORT,
  "app.update.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
};

/**
 * @param {Record<string, unknown>} preferences Further ones, as of about:config.
 * @returns {Promise<{ version: string, open(url: string): Promise<void>, run(work: Function, args: unknown[]): Promise<any>, close(): Promise<void> }>}
 */
export async function launchFirefox(preferences = {}) {
  const profile = mkdtempSync(join(tmpdir(), "jpegpre-firefox-"));
  const lines = Object.entries({ ...PREFERENCES, ...preferences }).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
  writeFileSync(join(profile, "user.js"), lines.join("\n"));
  const program = spawn(process.env.FIREFOX ?? "firefox", ["--headless", "--no-remote", "--marionette", "--profile", profile], { stdio: "ignore" });
  const failed = new Promise((_, reject) => {
    program.on("error", (error) => reject(new Error(`cannot start Firefox: ${error.message}`)));
    program.on("exit", (code) => reject(new Error(`Firefox ended with code ${code}`)));
  });
  failed.catch(() => undefined); // it ends in any case
  const ask = await Promise.race([connected(), failed]);
  const { capabilities } = await ask("WebDriver:NewSession", { timeouts: { script: 300_000 } });
  return {
    version: capabilities.browserVersion,
    open: (url) => ask("WebDriver:Navigate", { url }),
    run: (work, args) => {
      const script = `const done = arguments[arguments.length - 1]; (${work})(...[...arguments].slice(0, -1)).then(done);`;
      return ask("WebDriver:ExecuteAsyncScript", { script, args, sandbox: null });
    },
    close: async () => {
      await ask("Marionette:Quit", { flags: ["eForceQuit"] });
      await failed.catch(() => undefined);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** @returns {Promise<(command: string, parameters?: object) => Promise<any>>} */
async function connected() {
  for (let attempt = 0; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (attempt > 120) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** Packets are `length:JSON`: [0, number, command, parameters] and [1, number, error, result]. */
function open() {
  return new Promise((resolve, reject) => {
    const socket = connect(PORT, "127.0.0.1");
    const waiting = new Map();
    let received = Buffer.alloc(0);
    let next = 1;
    const ask = (command, parameters = {}) =>
      new Promise((settle, fail) => {
        const packet = JSON.stringify([0, next, command, parameters]);
        waiting.set(next++, { settle, fail });
        socket.write(`${Buffer.byteLength(packet)}:${packet}`);
      });
    socket.on("error", reject);
    socket.on("data", (part) => {
      received = Buffer.concat([received, part]);
      for (;;) {
        const colon = received.indexOf(":");
        const length = Number(received.subarray(0, Math.max(0, colon)).toString());
        if (colon < 0 || received.length < colon + 1 + length) return;
        const packet = JSON.parse(received.subarray(colon + 1, colon + 1 + length).toString());
        received = received.subarray(colon + 1 + length);
        if (!Array.isArray(packet)) resolve(ask); // its greeting
        else {
          const { settle, fail } = waiting.get(packet[1]);
          waiting.delete(packet[1]);
          if (packet[2]) fail(new Error(packet[2].message));
          else settle(packet[3]?.value ?? packet[3]);
        }
      }
    });
  });
}
