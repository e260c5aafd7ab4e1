/** The file worker.js: one script for the worker that has the jobs and for its threads, so that there is one address to find. */
import { THREAD_NAME } from "./thread.js";
import { serveTasks } from "./thread_worker.js";
import { serveJobs } from "./worker.js";

if (self.name === THREAD_NAME) serveTasks();
else serveJobs();
