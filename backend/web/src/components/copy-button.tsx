import { Button } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";

/** The clipboard API exists on secure origins only; a dashboard on plain HTTP in a LAN has the older way. */
const copyText = async (text: string): Promise<void> => {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
};

interface CopyButtonProps {
  readonly label: string;
  /** Made only when asked for: a line may be a megabyte. */
  readonly text: () => string;
}

export const CopyButton = ({ label, text }: CopyButtonProps) => {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Button
      variant="default"
      size="compact-xs"
      leftSection={copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
      onClick={() => void copyText(text()).then(() => setCopied(true))}
    >
      {copied ? "Copied" : label}
    </Button>
  );
};
