/**
 * Bodies as lines. A JSON document becomes one line per element, each as it was written: numbers
 * keep their digits, and the row pass reads the line as it reads one of a file.
 */

const [LINE_FEED, OPENING_BRACKET, OPENING_BRACE] = [10, 91, 123];

const isBlank = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

const firstByte = (body: Buffer): number => {
  for (const byte of body) if (!isBlank(byte)) return byte;
  return -1;
};

const parses = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
};

/** Texts of the elements of a valid JSON array. */
const elementsOf = (array: string): string[] => {
  const elements: string[] = [];
  let depth = 0;
  let isString = false;
  let start = array.indexOf("[") + 1;
  for (let at = start - 1; at < array.length; at++) {
    const character = array[at]!;
    if (isString) {
      if (character === "\\") at++;
      else if (character === '"') isString = false;
    } else if (character === '"') isString = true;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    if (!isString && ((character === "," && depth === 1) || depth === 0)) {
      elements.push(array.slice(start, at).trim());
      start = at + 1;
      if (depth === 0) break;
    }
  }
  return elements.length === 1 && elements[0] === "" ? [] : elements;
};

/** Line ends inside a valid JSON value are blanks between its tokens. */
const lineOf = (value: string): string => {
  if (value.startsWith("{")) return value.replaceAll(/[\r\n]+/g, " ");
  return `{"message":${value.startsWith('"') ? value : JSON.stringify(value)}}`;
};

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

const terminated = (body: Buffer): Buffer => (body.length === 0 || body.at(-1) === LINE_FEED ? body : Buffer.concat([body, Buffer.from("\n")]));

/**
 * The lines of a body, each with its line feed; undefined when it should be JSON and is not. What is
 * not called JSON is lines, but for an array of objects: few people tell curl what they send.
 */
export const toLines = (body: Buffer, isCalledJson: boolean): Buffer | undefined => {
  const first = firstByte(body);
  if (first === -1) return Buffer.alloc(0);
  if (!isCalledJson && first !== OPENING_BRACKET) return terminated(body);
  const text = body.toString("utf8");
  const parsed = parses(text);
  if (parsed && Array.isArray(parsed.value)) {
    if (!isCalledJson && !parsed.value.every(isObject)) return terminated(body);
    return Buffer.from(elementsOf(text).map((element) => `${lineOf(element)}\n`).join(""));
  }
  if (parsed && isCalledJson) return Buffer.from(`${lineOf(text.trim())}\n`);
  if (!isCalledJson) return terminated(body);
  // JSON lines under the name of JSON.
  const firstLine = text.trimStart().split("\n", 1)[0]!;
  return first === OPENING_BRACE && parses(firstLine) ? terminated(body) : undefined;
};
