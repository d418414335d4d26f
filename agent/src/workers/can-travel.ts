/** Whether options can be given to a worker thread: functions cannot. */
export const canTravel = (options: unknown): boolean => {
  try {
    structuredClone(options);
    return true;
  } catch {
    return false;
  }
};
