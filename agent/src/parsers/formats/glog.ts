/** glog of C++ and Go, klog of Kubernetes, logcat of Android. */

import { patternParser } from "./pattern.ts";

/** `Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg`; newer glog puts the year first. */
const GLOG = /^(?<level>[IWEF])(?<date>(?:\d{4})?(?:0[1-9]|1[0-2])[0-3]\d) (?<clock>\d\d:\d\d:\d\d\.\d{1,9}) +(?<thread_id>\d+) (?<code_file_path>[^\s:\]]+):(?<code_line_number>\d+)\] ?(?<message>.*)$/s;

const glogParser = (name: string, description: string, levels: RegExp) =>
  patternParser({
    name,
    description,
    detect: levels,
    patterns: [GLOG],
    finish: (record, { date, clock }, context) => {
      const year = date!.length === 8;
      const text = `${year ? `${date!.slice(0, 4)}-` : ""}${date!.slice(-4, -2)}-${date!.slice(-2)} ${clock}`;
      if (!record.readTime(context, text)) return false;
      record.timestampText = `${date} ${clock}`;
      record.attributes.delete("date");
      record.attributes.delete("clock");
      return true;
    },
  });

export const glog = glogParser("glog", "glog of C++ and Go, with or without a year.", /^[IWEF](?:\d{4})?[01]\d[0-3]\d \d\d:\d\d:\d\d\./);
export const klog = glogParser("klog", "klog of Kubernetes' components.", /^[IWEF][01]\d[0-3]\d \d\d:\d\d:\d\d\./);

export const logcat = patternParser({
  name: "logcat",
  description: "Android's logcat, threadtime and time.",
  detect: /^\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} /,
  patterns: [
    /^(?<time>\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) +(?:(?<user_id>\d+|[a-z]\w*) +)?(?<process_pid>\d+) +(?<thread_id>\d+) (?<level>[VDIWEFA]) (?<logger>[^:]{0,80}?) *:(?<message>.*)$/s,
    /^(?<time>\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (?<level>[VDIWEFA])\/(?<logger>[^(]{0,80}?) *\( *(?<process_pid>\d+)\): ?(?<message>.*)$/s,
  ],
});
