/**
 * Request bodies of JSON, plain or compressed. Both the body as sent and what it unpacks to are
 * bounded by the route's `bodyLimit`: a decompression bomb ends at the bound.
 */

import type { IncomingHttpHeaders } from "node:http";
import { promisify } from "node:util";
import { constants, gunzip, inflate, zstdDecompress, type ZstdOptions } from "node:zlib";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { BodyText } from "../core/request.ts";
import { ApiError } from "../errors.ts";
import { jsonErrorPosition } from "./json-error-position.ts";

/** A frame may ask for a window of its own before it has shown a byte: no more than a body may hold. */
const MAX_WINDOW_LOG = 24;

type Unpack = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const unzstd = promisify(zstdDecompress) as (body: Buffer, options: ZstdOptions) => Promise<Buffer>;

const UNPACK: Readonly<Record<string, Unpack>> = {
  gzip: promisify(gunzip) as Unpack,
  deflate: promisify(inflate) as Unpack,
  zstd: (body, options) => unzstd(body, { ...options, params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG } }),
  identity: async (body) => body,
};

const unpack = async (body: Buffer, headers: IncomingHttpHeaders, maxBytes: number): Promise<Buffer> => {
  const encoding = (headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (!Object.hasOwn(UNPACK, encoding))
    throw new ApiError("unsupported_media_type", `Content-Encoding "${encoding}" is not taken here; use ${Object.keys(UNPACK).join(", ")}.`);
  try {
    return await UNPACK[encoding]!(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new ApiError("too_large", `The body unpacks to more than ${maxBytes} bytes.`, { details: { maxBytes }, cause });
    throw new ApiError("invalid_request", `The body is not valid ${encoding}.`, { cause });
  }
};

const LONG_NUMBER = /[0-9]{16}/;
const INTEGER = /^-?[0-9]+$/;

const keepInteger = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) && INTEGER.test(context?.source ?? "") ? BigInt(context!.source!) : value;

/** Throws ApiError(invalid_json) with the place of the fault. */
export const parseJson = (text: string, exactIntegers = false): unknown => {
  try {
    // The reviver is several times slower; most bodies hold no such number.
    return exactIntegers && LONG_NUMBER.test(text) ? JSON.parse(text, keepInteger) : JSON.parse(text);
  } catch (cause) {
    const position = jsonErrorPosition(text);
    const place = position ? ` at line ${position.line}, column ${position.column}` : "";
    throw new ApiError("invalid_json", `The body is not valid JSON${place}.`, { details: position, cause });
  }
};

/** Makes `application/json` the one content type that routes take unless they add their own. */
export const acceptJson = (app: FastifyInstance): void => {
  app.decorateRequest("bodyBytes", 0);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, async (request: FastifyRequest, body: Buffer) => {
    request.bodyBytes = body.length;
    const text = await unpack(body, request.headers, request.routeOptions.bodyLimit);
    return parseJson(new TextDecoder().decode(text), request.routeOptions.config.exactIntegers);
  });
};

export const bodyText: BodyText = {
  accept(app, types) {
    app.removeContentTypeParser("application/json");
    app.addContentTypeParser(types, { parseAs: "buffer" }, async (request: FastifyRequest, body: Buffer) => {
      request.bodyBytes = body.length;
      return new TextDecoder().decode(await unpack(body, request.headers, request.routeOptions.bodyLimit));
    });
  },
  parse: (text) => parseJson(text, true),
};
