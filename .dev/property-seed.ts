/**
 * Property tests draw the same cases at every run, so that a red test is red again. To search for
 * new cases: `OBS_PROPERTY_SEED=random` (fast-check prints the seed of a failure), or a number.
 */

import * as fc from "fast-check";

const wanted = process.env["OBS_PROPERTY_SEED"] ?? "20261122";

if (wanted !== "random") fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
