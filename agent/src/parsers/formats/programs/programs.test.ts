import { describe, expect, it } from "vitest";
import { ParsedRecord } from "../../text/record.ts";
import { readProgram } from "./index.ts";

const PROGRAMS = "sshd sudo su cron systemd postfix/smtpd dovecot exim named unbound dnsmasq dhcpd kernel vmkernel proftpd vsftpd pure-ftpd haproxy snort pf".split(" ");
const UNITS = ['"', "[", "a=", "a ", "1:", "1.", "(", "a.", " ", "-", "<a>", "IN= OUT= SRC=", "::", "'", "user=<", " from 1 port 1", ": ", "H=a [1] ", "A=1 "];

describe("readProgram", () => {
  it.each(PROGRAMS)("ends on texts of %s that are made to be slow", (program) => {
    for (const unit of UNITS) for (const start of ["", "Failed a for ", "client 1.1.1.1#1", "NOQUEUE: reject: RCPT from "]) expect(typeof readProgram(new ParsedRecord(), program, start + unit.repeat(4000 / unit.length - 20))).toBe("string");
  });

  it("leaves a text that it does not know as it is", () => {
    const record = new ParsedRecord();
    expect(readProgram(record, "sshd", "something else")).toBe("something else");
    expect(record.attributes.size).toBe(0);
  });

  it("knows messages by their first word, too", () => {
    const record = new ParsedRecord();
    expect(readProgram(record, "cockpit", "pam_unix(cockpit:session): session closed for user bob")).toBe("");
    expect(Object.fromEntries(record.attributes)).toEqual({ "pam.module": "pam_unix", "pam.service": "cockpit", "pam.type": "session", "pam.event": "session closed", "user.name": "bob" });
  });
});
