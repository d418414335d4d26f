/**
 * Finds ClickHouse's library, which the npm package `chdb` brings for the platform
 * (`@chdb/lib-<platform>`), without loading it.
 */

import { resolveLibchdb } from "chdb/libchdb";

/** The embedded store cannot run here. The message is one line for a person, with the remedy. */
export class EmbeddedStoreUnsupported extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EmbeddedStoreUnsupported";
  }
}

const REMEDY = "set OBS_CLICKHOUSE_URL to a ClickHouse server instead";

/** Version of the C library glibc, undefined on musl and outside Linux. */
const glibcVersion = (): string | undefined => {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime;
};

export interface LibraryHost {
  readonly platform: NodeJS.Platform;
  readonly glibc: string | undefined;
  resolve(): { path: string };
}

const thisHost = (): LibraryHost => ({ platform: process.platform, glibc: glibcVersion(), resolve: resolveLibchdb });

/** Path of the library. Throws EmbeddedStoreUnsupported. */
export const findLibrary = (host: LibraryHost = thisHost()): string => {
  if (host.platform === "linux" && host.glibc === undefined) {
    throw new EmbeddedStoreUnsupported(`the embedded ClickHouse needs glibc and this system has another C library (musl, as on Alpine): ${REMEDY}`);
  }
  try {
    return host.resolve().path;
  } catch {
    const target = `${host.platform}-${process.arch}`;
    throw new EmbeddedStoreUnsupported(
      `the embedded ClickHouse is not installed for ${target} (an optional package of chdb: install without --no-optional): ${REMEDY}`,
    );
  }
};
