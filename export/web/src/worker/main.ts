/** The file worker.js: one script for the worker that has the jobs and for its threads, so that there is one address to find. */
import { TILE_WORKER_NAME } from "./tile_thread.js";
import { serveTiles } from "./tile_worker.js";
import { serveJobs } from "./worker.js";

if (self.name === TILE_WORKER_NAME) serveTiles();
else serveJobs();
