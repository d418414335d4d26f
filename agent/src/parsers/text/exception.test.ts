import { describe, expect, it } from "vitest";
import { readException } from "./exception.ts";
import { ParsedRecord } from "./record.ts";

const read = (message: string, severity = 0): ParsedRecord => {
  const record = new ParsedRecord();
  record.setSeverity(severity, "x");
  readException(record, message);
  return record;
};

describe("readException", () => {
  it.each([
    ["Java", "java.io.IOException: disk full\n\tat a.B.c(B.java:7)\nCaused by: a.DException: e", "java.io.IOException", "disk full"],
    ["Java, uncaught", 'Exception in thread "main" java.lang.IllegalStateException\n\tat a.B.c(B.java:7)', "java.lang.IllegalStateException", undefined],
    ["Java, below a logger's line", "order 7 failed\na.b.OrderException: no stock: c-7\n\tat a.B.c(B.java:7)", "a.b.OrderException", "no stock: c-7"],
    [".NET", "Unhandled exception. System.InvalidOperationException: outer\n ---> System.ArgumentException: inner\n   at A.B() in /a.cs:line 7", "System.InvalidOperationException", "outer"],
    ["JavaScript", "TypeError: x is not a function\n    at pay (/srv/cart.js:7:9)", "TypeError", "x is not a function"],
    ["JavaScript, Windows line ends", "TypeError: x is not a function\r\n    at pay (/srv/cart.js:7:9)\r", "TypeError", "x is not a function"],
    ["Python", 'retrying\nTraceback (most recent call last):\n  File "/a.py", line 7, in f\n    g()\nshop.errors.Refused: not now', "shop.errors.Refused", "not now"],
    ["Python, chained: what was raised last", "Traceback (most recent call last):\n  a\nKeyError: 'k'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  b\nKeyboardInterrupt", "KeyboardInterrupt", undefined],
    ["PHP", "PHP Fatal error:  Uncaught App\\CartException: empty in /a.php:7\nStack trace:\n#0 {main}", "App\\CartException", "empty in /a.php:7"],
    ["Ruby", "a.rb:3:in `pay': no card (Shop::CardError)\n\tfrom a.rb:9:in `<main>'", "Shop::CardError", "no card"],
    ["Go", "panic: boom [recovered]\n\tpanic: boom\n\ngoroutine 1 [running]:\nmain.main()", "panic", "boom"],
    ["Rust", "thread 'main' panicked at src/main.rs:4:5:\nno cart\nnote: run with `RUST_BACKTRACE=1`", "panic", "no cart"],
    ["Rust before 1.73", "thread 'main' panicked at 'no cart', src/main.rs:4:5\nnote: x", "panic", "no cart"],
  ])("%s", (_language, message, type, text) => {
    const { attributes, severity } = read(message);
    expect([attributes.get("exception.type"), attributes.get("exception.message"), severity]).toEqual([type, text, 17]);
  });

  it("leaves the level that a logger wrote", () => {
    expect(read("TypeError: x\n    at a (b.js:1:1)", 13).severity).toBe(13);
  });

  it.each(["one line: SomeError: x", "a list:\n  Error: x is documented\n  - b", "two lines\nwithout any", "panic: at the disco\nand no frames", "Traceback (most recent call last):\n  cut"])("finds none in %j", (message) => {
    expect([...read(message).attributes]).toEqual([]);
  });

  it("ends on texts that are made to be slow", () => {
    for (const unit of ["A.", "Error: ", "a:", ": (", "Exception in thread \"", "\n", "Traceback (most recent call last):\n"]) expect(read(`x\n${unit.repeat(20_000)}\n\tat a`)).toBeInstanceOf(ParsedRecord);
  });
});
