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

/** https://www.cockroachlabs.com/docs/stable/log-formats: crdb-v1 and v2, `Lyymmdd hh:mm:ss.uuuuuu goroutine [channel@]file:line [mark] [tags] [counter] text`. */
export const cockroach = patternParser({
  name: "cockroach",
  description: "CockroachDB's log, crdb-v1 and crdb-v2.",
  detect: /^[IWEF]\d{6} \d\d:\d\d:\d\d\.\d{6} \d+ /,
  patterns: [
    /^(?<level>[IWEF])(?<date>\d{6}) (?<clock>\d\d:\d\d:\d\d\.\d{6}) (?<thread_id>\d+) (?:(?<cockroach_channel>\d+)@)?(?:\(gostd\) )?(?<code_file_path>[^\s:]+):(?<code_line_number>\d+) +(?:⋮ )?(?:\[(?<cockroach_tags>[^\]]*)\] )?(?:(?<cockroach_counter>\d+) +)?[ =+|!-]?(?<message>.*)$/s,
  ],
  finish: (record, { date, clock }, context) => {
    const [year, month, day] = [date!.slice(0, 2), date!.slice(2, 4), date!.slice(4)];
    if (!record.readTime(context, `20${year}-${month}-${day} ${clock}Z`)) return false;
    record.timestampText = `${date} ${clock}`;
    for (const name of ["date", "clock"]) record.attributes.delete(name);
    return true;
  },
});

export const logcat = patternParser({
  name: "logcat",
  description: "Android's logcat: threadtime, time, brief, tag, and Android Studio's.",
  detect: /^(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} |^[VDIWEF]\/[\w.$-]/,
  patterns: [
    /^(?<time>(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) +(?<process_pid>\d+)-(?<thread_id>\d+)(?:\/(?<process_executable_name>\S+))? (?<level>[VDIWEFA])\/(?<logger>[^:]{0,80}?): ?(?<message>.*)$/s,
    /^(?<level>[VDIWEF])\/(?<logger>[\w.$-]{1,80}?) *(?:\( *(?<process_pid>\d+)\))?: (?<message>.*)$/s,
    /^(?<time>\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) +(?:(?<user_id>\d+|[a-z]\w*) +)?(?<process_pid>\d+) +(?<thread_id>\d+) (?<level>[VDIWEFA]) (?<logger>[^:]{0,80}?) *:(?<message>.*)$/s,
    /^(?<time>\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (?<level>[VDIWEFA])\/(?<logger>[^(]{0,80}?) *\( *(?<process_pid>\d+)\): ?(?<message>.*)$/s,
  ],
});
