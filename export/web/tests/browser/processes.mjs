// What a browser's processes use together, from /proc: on a busy machine processor time says more than a clock.
import { readdirSync, readFileSync } from "node:fs";

const MILLISECONDS_PER_TICK = 10; // sysconf(_SC_CLK_TCK) is 100 on every Linux that Debian runs on

/**
 * @param {string | number} root The browser's first process, from which the others descend: its --user-data-dir, or its number.
 * @returns {{ cpuMilliseconds: number, anonymousMegabytes: number }} User and system time; memory that is backed by no file.
 */
export function usage(root) {
  const processes = new Map();
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${id}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from "state", the third
      const command = readFileSync(`/proc/${id}/cmdline`, "latin1");
      const memory = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "latin1"));
      processes.set(id, {
        parent: fields[1],
        isRoot: typeof root === "number" ? Number(id) === root : command.includes(root),
        cpuMilliseconds: (Number(fields[11]) + Number(fields[12])) * MILLISECONDS_PER_TICK,
        anonymousMegabytes: Number(memory?.[1] ?? 0) / 1024,
      });
    } catch {
      // It ended meanwhile.
    }
  }
  const isOurs = (process) => process !== undefined && (process.isRoot || isOurs(processes.get(process.parent)));
  const total = { cpuMilliseconds: 0, anonymousMegabytes: 0 };
  for (const process of processes.values()) {
    if (!isOurs(process)) continue;
    total.cpuMilliseconds += process.cpuMilliseconds;
    total.anonymousMegabytes += process.anonymousMegabytes;
  }
  return total;
}
