/** `registry:5000/team/app:1.2@sha256:...` to name and tag, under OTel's names. */
export const imageAttributes = (image: string): Record<string, string> => {
  const bare = image.replace(/@.*$/s, "");
  const [, name = bare, tag] = /^(.*?)(?::([^:/]*))?$/s.exec(bare) ?? [];
  return { ...(name !== "" && { "container.image.name": name }), ...(tag && { "container.image.tags": tag }) };
};
