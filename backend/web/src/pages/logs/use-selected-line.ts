import { useMemo, useState } from "react";
import type { LogRecord } from "../../api/types.ts";

/** The line with this id. Once seen it stays, though live refresh moves it off the loaded pages. */
export const useSelectedLine = (records: readonly LogRecord[], id: string | undefined): LogRecord | undefined => {
  const [kept, setKept] = useState<LogRecord>();
  const found = useMemo(() => (id === undefined ? undefined : records.find((record) => record.id === id)), [records, id]);
  if (found !== undefined && found.id !== kept?.id) setKept(found);
  return found ?? (kept?.id === id ? kept : undefined);
};
