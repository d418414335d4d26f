/** Filesystems: which are mounted (/proc/self/mounts, fstab(5)) and how full they are (statfs). */

import type { StatsFs } from "node:fs";
import { sleep, type Clock } from "../../core/clock.ts";
import { reading, type Reading } from "./metrics.ts";

export interface Mount {
  readonly device: string;
  readonly mountpoint: string;
  readonly type: string;
}

/** Filesystems that hold files of people on disks. All others are the kernel's, or memory, or images. */
const LOCAL = new Set(["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "nilfs2", "bcachefs", "vfat", "exfat", "ntfs", "ntfs3", "hfsplus", "apfs", "ufs"]);
/** Their server may be away, and statfs then hangs. */
const REMOTE = /^(nfs4?|cifs|smb3|smbfs|ceph|9p|virtiofs|glusterfs|lustre|beegfs|gpfs|ocfs2|gfs2|afs|fuse\..+|fuseblk)$/;
const STATFS_PATIENCE_MS = 2_000;

export const isRemote = ({ type }: Mount): boolean => REMOTE.test(type);

/** Blanks and backslashes of names are written as octal (`\040`). */
const unescaped = (field: string): string => field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Mounts worth measuring, each filesystem once, under the name it was first mounted at. */
export const parseMounts = (mounts: string): Mount[] => {
  const byDevice = new Map<string, Mount>();
  for (const line of mounts.split("\n")) {
    const [device = "", mountpoint = "", type = ""] = line.split(" ").map(unescaped);
    const mount = { device, mountpoint, type };
    // A container's root is an overlay: the one that says how full its disk is.
    const isMeasured = LOCAL.has(type) || isRemote(mount) || (type === "overlay" && mountpoint === "/");
    if (isMeasured && !byDevice.has(device)) byDevice.set(device, mount);
  }
  return [...byDevice.values()];
};

export const filesystemReadings = ({ device, mountpoint, type }: Mount, stats: StatsFs): Reading[] => {
  const { bsize, blocks, bfree, bavail } = stats;
  if (blocks === 0) return [];
  const used = blocks - bfree;
  const usage = (state: string, count: number): Reading => reading("system.filesystem.usage", count * bsize, { mountpoint, device, type, state });
  return [
    usage("used", used),
    usage("free", bavail),
    usage("reserved", bfree - bavail),
    reading("system.filesystem.utilization", used + bavail === 0 ? 1 : used / (used + bavail), { mountpoint }),
  ];
};

export type Statfs = (path: string) => Promise<StatsFs>;

/**
 * Measures mounts without being held up. A statfs that hangs keeps one of the few threads that read
 * files, so only one remote filesystem is asked at a time, and none while one has not answered.
 */
export class MountProbe {
  readonly #statfs: Statfs;
  readonly #clock: Clock;
  #hanging: Promise<unknown> | undefined;

  constructor(statfs: Statfs, clock: Clock) {
    this.#statfs = statfs;
    this.#clock = clock;
  }

  async measure(mounts: readonly Mount[]): Promise<{ readonly mount: Mount; readonly stats: StatsFs }[]> {
    const measured: { readonly mount: Mount; readonly stats: StatsFs }[] = [];
    for (const mount of mounts) {
      const stats = await (isRemote(mount) ? this.#patiently(mount) : this.#measured(mount));
      if (stats) measured.push({ mount, stats });
    }
    return measured;
  }

  async #patiently(mount: Mount): Promise<StatsFs | undefined> {
    if (this.#hanging) return undefined;
    const asked = this.#measured(mount).finally(() => (this.#hanging = undefined));
    this.#hanging = asked;
    const givenUp = new AbortController();
    const late = sleep(this.#clock, STATFS_PATIENCE_MS, givenUp.signal).then(() => undefined);
    return Promise.race([asked, late]).finally(() => givenUp.abort());
  }

  /** A mount that cannot be asked (gone, no permission) is left out. */
  #measured({ mountpoint }: Mount): Promise<StatsFs | undefined> {
    return this.#statfs(mountpoint).catch(() => undefined);
  }
}
