/** Colours, where a terminal wants them (https://no-color.org). */

const CODES = { dim: 2, bold: 1, red: 31, green: 32, yellow: 33 } as const;

export type Paint = (colour: keyof typeof CODES, text: string) => string;

export const painter = ({ isTTY }: { readonly isTTY?: boolean }, environment: Readonly<Record<string, string | undefined>> = process.env): Paint =>
  isTTY && !environment.NO_COLOR ? (colour, text) => (text === "" ? "" : `\u001B[${CODES[colour]}m${text}\u001B[0m`) : (_colour, text) => text;
