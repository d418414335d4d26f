/** On a cluster: what was written is read, whichever replica is asked. */

import type { SettingValue, Store } from "../core/store.ts";

type Settings = Readonly<Record<string, SettingValue>>;

export const consistentRead = ({ cluster }: Store): Settings => (cluster === undefined ? {} : { select_sequential_consistency: 1 });

export const consistentWrite = ({ cluster }: Store): Settings => (cluster === undefined ? {} : { distributed_foreground_insert: 1, insert_quorum: "auto", insert_quorum_parallel: 0 });
