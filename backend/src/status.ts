/** The backend's own state, put together for `GET /api/v1/status` and the health checks. */

import type { Metadata } from "./core/metadata.ts";
import type { DiskStatus, Status } from "./core/status.ts";
import type { Store } from "./core/store.ts";

export interface StatusParts {
  readonly version: string;
  readonly store: Store;
  readonly embedded: boolean;
  readonly disk: () => DiskStatus;
  readonly metadata: Metadata;
}

const answers = (question: Promise<unknown>): Promise<boolean> => question.then(() => true, () => false);

export const createStatus =
  ({ version, store, embedded, disk, metadata }: StatusParts) =>
  async (): Promise<Status> => ({
    version,
    uptime_seconds: Math.round(process.uptime()),
    store: { up: store.available, embedded, disk: disk() },
    metadata: { up: await answers(metadata.tenants.list()) },
  });
