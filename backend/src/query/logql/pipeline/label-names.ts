/** Names as labels have them: letters, digits and `_`. */

const ODD = /[^a-zA-Z0-9_]/gu;

/** `http.status-code` is `http_status_code`, `2xx` is `_2xx`. */
export const labelName = (name: string): string => {
  const plain = name.replaceAll(ODD, "_");
  return /^\d/.test(plain) ? `_${plain}` : plain;
};
