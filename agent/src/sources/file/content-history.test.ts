import { expect, it } from "vitest";
import { ContentHistory } from "./content-history.ts";

const content = (end: number) => ({ fingerprint: { length: 4, hash: String(end) }, end, tail: undefined, isSkipping: false });

it("keeps the newest contents of a name, and no empty ones", () => {
  const history = new ContentHistory();
  for (let end = 1; end <= 20; end++) history.remember("/app.log", [content(end), { ...content(0), fingerprint: { length: 0, hash: "" } }]);
  expect(history.of("/app.log").map(({ end }) => end)).toEqual(Array.from({ length: 16 }, (_, index) => index + 5));
  expect(history.of("/other.log")).toEqual([]);
});

it("forgets the names that were remembered longest ago", () => {
  const history = new ContentHistory();
  for (let name = 0; name <= 10_000; name++) history.remember(`/${name}.log`, [content(1)]);
  expect(history.of("/0.log")).toEqual([]);
  expect(history.of("/10000.log")).toHaveLength(1);
});
