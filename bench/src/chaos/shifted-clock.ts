/** Loaded into the agent before its own code: its wall clock is off by the ms that a file holds, as when somebody sets the time. */

import { readFileSync } from "node:fs";

const LOOK_MS = 20;
const file = process.env["CHAOS_CLOCK_FILE"]!;
const truth = Date.now.bind(Date);
let shiftMs = 0;

setInterval(() => {
  try {
    shiftMs = Number(readFileSync(file, "utf8")) || 0;
  } catch {
    // Nobody has set the time so far.
  }
}, LOOK_MS).unref();

Date.now = () => truth() + shiftMs;
