/** The row pass's joining of lines, for lists of texts. */

import { unwrapContainerLine } from "./container-lines.ts";
import { NEWLINE } from "./line-shapes.ts";
import { createRecordFinder } from "./create-finder.ts";
import { DEFAULT_MULTILINE, type MultilineSettings } from "./settings.ts";

interface TextLine {
  readonly stream: string;
  readonly text: string;
}

/**
 * The records that the lines of one file make, blank lines outside of records left out. Lines that a
 * container runtime has wrapped are unwrapped and told apart by their stream; records come in the
 * order in which their first lines were complete.
 */
export const joinLines = (lines: readonly string[], options: Partial<MultilineSettings> = {}): string[] => {
  const settings = { ...DEFAULT_MULTILINE, ...options };
  const texts = unwrapped(lines);
  const byStream = new Map<string, number[]>();
  texts.forEach(({ stream }, index) => {
    const indexes = byStream.get(stream);
    if (indexes) indexes.push(index);
    else byStream.set(stream, [index]);
  });
  const records: { readonly index: number; readonly text: string }[] = [];
  for (const indexes of byStream.values()) {
    for (const { line, text } of recordsOf(indexes.map((index) => texts[index]!.text), settings)) records.push({ index: indexes[line]!, text });
  }
  return records.sort((a, b) => a.index - b.index).map(({ text }) => text);
};

const unwrapped = (lines: readonly string[]): TextLine[] => {
  const texts: TextLine[] = [];
  const partial = new Map<string, string>();
  for (const line of lines) {
    const part = unwrapContainerLine(line);
    if (!part) texts.push({ stream: "", text: line });
    else if (part.isPartial) partial.set(part.stream, (partial.get(part.stream) ?? "") + part.text);
    else {
      texts.push({ stream: part.stream, text: (partial.get(part.stream) ?? "") + part.text });
      partial.delete(part.stream);
    }
  }
  for (const [stream, text] of partial) texts.push({ stream, text });
  return texts;
};

function* recordsOf(lines: readonly string[], settings: MultilineSettings): Iterable<{ line: number; text: string }> {
  const finder = createRecordFinder(settings);
  const bytes = Buffer.from(lines.map((line) => `${line.replaceAll("\n", " ")}\n`).join(""));
  let line = 0;
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    if (bytes.toString("utf8", at, newline).trim() === "") {
      at = newline + 1;
      line++;
      continue;
    }
    const end = finder.find(bytes, at, newline, bytes.length);
    yield { line, text: bytes.toString("utf8", at, end - 1).replaceAll("\r\n", "\n").replace(/\r$/, "") };
    line += finder.lines;
    at = end;
  }
}
