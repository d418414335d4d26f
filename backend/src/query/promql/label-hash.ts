/** A hash of labels that spreads evenly: which series `limit_ratio` takes depends on nothing else. */

import { createHash } from "node:crypto";
import type { Labels } from "./labels.ts";

export const labelHash = (labels: Labels): bigint => createHash("sha1").update(labels.key).digest().readBigUInt64BE();
