/**
 * The process that is ClickHouse: `child.ts <library> <clickhouse-local arguments>`.
 *
 * `libchdb.so` exports clickhouse-local as `chdb_query_cmdline(argc, argv)`. Called in a thread of
 * its own it leaves Node's main thread free to watch stdin: at its end the parent has ended or
 * died, and this process ends with SIGKILL. `process.exit()` would hang in the library's
 * destructors and leave an orphan that holds the lock on the data folder.
 */

import { DataType, load, open } from "ffi-rs";

const [library, ...args] = process.argv.slice(2);

process.umask(0o077);
process.stdin.resume();
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL"));
process.stdin.on("error", () => process.kill(process.pid, "SIGKILL"));

const argv = ["clickhouse", ...args];
open({ library: "chdb", path: library! });
try {
  await load({
    library: "chdb",
    funcName: "chdb_query_cmdline",
    retType: DataType.External,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [argv.length, argv],
    runInNewThread: true,
  });
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
}
// The keep-alive query never ends by itself: it was refused, and stderr has ClickHouse's reason.
process.kill(process.pid, "SIGKILL");
