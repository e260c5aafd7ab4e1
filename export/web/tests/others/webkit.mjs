// WebKitGTK's small browser, driven by the W3C's WebDriver protocol: Debian's packages webkit2gtk-driver and, without a screen, xvfb.
import { spawn } from "node:child_process";

const PORT = 20_000 + (process.pid % 20_000);

/** @returns {Promise<{ version: string, open(url: string): Promise<void>, run(work: Function, args: unknown[]): Promise<any>, close(): Promise<void> }>} */
export async function launchWebKit() {
  const command = ["WebKitWebDriver", `--port=${PORT}`];
  const [program, ...args] = process.env.DISPLAY ? command : ["xvfb-run", "--auto-servernum", ...command];
  // A group of its own: the screen ends with the driver.
  const driver = spawn(program, args, { stdio: "ignore", detached: true });
  const failed = new Promise((_, reject) => driver.on("error", (error) => reject(new Error(`cannot start ${program}: ${error.message}`))));
  failed.catch(() => undefined);
  const stop = () => driver.pid && process.kill(-driver.pid);
  try {
    await Promise.race([ready(), failed]);
    const { sessionId, capabilities } = await ask("POST", "/session", { capabilities: { alwaysMatch: {} } });
    const session = `/session/${sessionId}`;
    await ask("POST", `${session}/timeouts`, { script: 600_000, pageLoad: 120_000 });
    return {
      version: capabilities.browserVersion,
      open: (url) => ask("POST", `${session}/url`, { url }),
      run: (work, args) => {
        const script = `const done = arguments[arguments.length - 1]; (${work})(...[...arguments].slice(0, -1)).then(done);`;
        return ask("POST", `${session}/execute/async`, { script, args });
      },
      close: async () => {
        await ask("DELETE", session).catch(() => undefined);
        stop();
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

async function ready() {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask("GET", "/status");
    } catch (error) {
      if (attempt > 120) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function ask(method, path, body) {
  const response = await fetch(`http://127.0.0.1:${PORT}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${value?.error}: ${value?.message}`);
  return value;
}
