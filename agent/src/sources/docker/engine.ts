/**
 * What the agent asks of the Engine API (docs.docker.com/reference/api/engine), over its unix socket.
 * Only GET: listing, inspecting, events and logs.
 */

import type { Agent, Dispatcher } from "undici";
import { jsonLines } from "../../core/json-lines.ts";

/** The parts of `GET /containers/ID/json` that are used. */
export interface InspectedContainer {
  readonly Id: string;
  readonly Name: string;
  readonly Created?: string;
  readonly Config: { readonly Image: string; readonly Labels?: Readonly<Record<string, string>> | null; readonly Tty?: boolean };
  readonly HostConfig?: { readonly LogConfig?: { readonly Type?: string } };
  readonly State?: { readonly Running?: boolean };
}

export interface DockerEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string };
}

const ANSWER_MS = 10_000;

export class EngineError extends Error {
  readonly status: number;

  constructor(path: string, status: number, text: string) {
    super(`docker answered ${status} to ${path}: ${text.slice(0, 200)}`);
    this.status = status;
  }
}

export class Engine {
  readonly #socketPath: string;
  #agent: Agent | undefined;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async list(signal: AbortSignal): Promise<string[]> {
    const containers = (await this.#json("/containers/json?all=true", signal)) as { readonly Id: string }[];
    return containers.map(({ Id }) => Id);
  }

  /** Undefined when it is gone. */
  async inspect(id: string, signal: AbortSignal): Promise<InspectedContainer | undefined> {
    try {
      return (await this.#json(`/containers/${id}/json`, signal)) as InspectedContainer;
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** What happens to containers from now on, until the connection ends. Resolves once docker listens. */
  async events(signal: AbortSignal): Promise<AsyncGenerator<DockerEvent>> {
    const filters = encodeURIComponent(JSON.stringify({ type: ["container"], event: ["create", "start", "rename", "update", "destroy"] }));
    const { body } = await this.#get(`/events?filters=${filters}`, signal, 0);
    return jsonLines(body) as AsyncGenerator<DockerEvent>;
  }

  /** The log from a time on (`seconds.nanoseconds`), each message with its time, until the container stops. */
  async logs(id: string, since: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { body } = await this.#get(`/containers/${id}/logs?follow=true&stdout=true&stderr=true&timestamps=true&since=${since}`, signal, 0);
    return body;
  }

  async close(): Promise<void> {
    await this.#agent?.destroy();
  }

  async #json(path: string, signal: AbortSignal): Promise<unknown> {
    return (await this.#get(path, signal)).body.json();
  }

  async #get(path: string, signal: AbortSignal, bodyTimeout = ANSWER_MS): Promise<Dispatcher.ResponseData> {
    // Loaded when there is a docker: it is 28 MB of memory (decision 0056).
    const { Agent, request } = await import("undici");
    this.#agent ??= new Agent({ connect: { socketPath: this.#socketPath }, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS, connections: null });
    // docker answers `/events` only with the first event: the headers may take as long as the body.
    const response = await request(`http://docker${path}`, { dispatcher: this.#agent, signal, bodyTimeout, headersTimeout: bodyTimeout });
    if (response.statusCode !== 200) throw new EngineError(path, response.statusCode, await response.body.text());
    return response;
  }
}
