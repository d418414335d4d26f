/**
 * Lines as container runtimes wrap them: CRI (`<time> stdout|stderr P|F <text>`) and Docker's json-file
 * (`{"log":"<text>\n","stream":"stdout","time":"..."}`). A long line is kept in parts; the last part is
 * marked (CRI: F) or ends with the newline (Docker).
 */

export interface ContainerPart {
  /** Parts of one line, and the lines of one trace, share it. */
  readonly stream: string;
  readonly text: string;
  /** More of this line follows. */
  readonly isPartial: boolean;
}

const CRI = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) (stdout|stderr) ([PF])(?::\S+)?(?: (.*))?$/s;

/** Undefined: the line is not wrapped. */
export const unwrapContainerLine = (line: string): ContainerPart | undefined => {
  const cri = CRI.exec(line);
  if (cri) return { stream: `cri ${cri[1]!}`, text: cri[3] ?? "", isPartial: cri[2] === "P" };
  if (!line.startsWith('{"log"')) return undefined;
  try {
    const { log, stream } = JSON.parse(line) as Record<string, unknown>;
    if (typeof log !== "string" || typeof stream !== "string") return undefined;
    const isPartial = !log.endsWith("\n");
    return { stream: `docker ${stream}`, text: isPartial ? log : log.slice(0, -1), isPartial };
  } catch {
    return undefined;
  }
};
