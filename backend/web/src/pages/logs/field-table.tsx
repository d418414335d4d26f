import { ActionIcon } from "@mantine/core";
import { IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import css from "./log-detail.module.css";

interface FieldTableProps {
  readonly title: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly onFilter: (field: string, value: string, exclude: boolean) => void;
}

/** Names and values, each with a button to find it and one to leave it out. */
export const FieldTable = ({ title, fields, onFilter }: FieldTableProps) => (
  <table className={css.fields}>
    <caption>{title}</caption>
    <tbody>
      {fields.map(([name, value]) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          <td>{value}</td>
          <td className={css.buttons}>
            <ActionIcon variant="subtle" color="gray" size="xs" aria-label={`Filter for ${name}: ${value}`} title="Filter for this value" onClick={() => onFilter(name, value, false)}>
              <IconZoomIn size={14} />
            </ActionIcon>
            <ActionIcon variant="subtle" color="gray" size="xs" aria-label={`Filter out ${name}: ${value}`} title="Filter out this value" onClick={() => onFilter(name, value, true)}>
              <IconZoomOut size={14} />
            </ActionIcon>
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);
