/**
 * zod, told to interpret its schemas. A configuration is parsed once: compiling a parser for every
 * object of it took 16 ms of each start.
 */

import { config, z } from "zod";

config({ jitless: true });

export { z };
