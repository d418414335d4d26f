/**
 * Loaded into a child by `node --import`: when stdin ends, the parent is gone, and this process asks
 * itself to stop as a person would. The kernel closes the pipe even after kill -9 of the parent.
 */

if (process.env["OBS_EXIT_WITH_PARENT"] === "1") {
  process.stdin.once("end", () => process.kill(process.pid, "SIGTERM"));
  process.stdin.once("error", () => process.kill(process.pid, "SIGTERM"));
  process.stdin.resume();
  // Waiting for the parent is no reason to stay alive.
  (process.stdin as { unref?: () => void }).unref?.();
}
