import { describe, expect, it } from "vitest";
import { filesystemIn, filesystemOf, memoryFolder } from "./filesystem.ts";

const MOUNTS = `/dev/vda / ext4 rw 0 0
tmpfs /tmp tmpfs rw 0 0
/dev/vdb /tmp/disk xfs rw 0 0
/dev/vdc /with\\040blank btrfs rw 0 0
tmpfs /twice tmpfs rw 0 0
/dev/vdd /twice ext4 rw 0 0
`;

describe("filesystemIn", () => {
  it.each([
    ["/", "ext4"],
    ["/var/lib", "ext4"],
    ["/tmp", "tmpfs"],
    ["/tmp/a/b", "tmpfs"],
    ["/tmpfile", "ext4"],
    ["/tmp/disk/a", "xfs"],
    ["/with blank/a", "btrfs"],
    ["/twice/a", "ext4"],
  ])("%s is on %s", (path, type) => expect(filesystemIn(MOUNTS, path)).toBe(type));
});

describe.runIf(process.platform === "linux")("filesystemOf", () => {
  it("knows this machine's /proc", () => expect(filesystemOf("/proc/self")).toBe("proc"));
  it("is unknown of what is not there", () => expect(filesystemOf("/proc/not-there")).toBe("unknown"));
  it("finds memory with enough room only", () => {
    expect(memoryFolder(Number.MAX_SAFE_INTEGER)).toBeUndefined();
    expect(["tmpfs", "ramfs"]).toContain(filesystemOf(memoryFolder(0)!));
  });
});
