import css from "./query-bar.module.css";

const EXAMPLES: readonly (readonly [example: string, meaning: string])[] = [
  ["timeout", "a word, in any letter case"],
  ['"connection refused"', "words in this order"],
  ["service:api-gateway", "a field has this value"],
  ["endpoint:/api/*", "… or begins with this"],
  ["status:>=500", "… or is in a range"],
  ["trace_id:*", "… or has any value"],
  ["timeout AND NOT level:DEBUG", "AND, OR, NOT"],
  ["(host:web-01 OR host:web-02) AND error", "parentheses"],
];

/** The query language on a card. */
export const QueryHelp = () => (
  <>
    <dl className={css.help}>
      {EXAMPLES.map(([example, meaning]) => (
        <div key={example}>
          <dt>{example}</dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
    <p className={css.keys}>
      <kbd>/</kbd> query · <kbd>Enter</kbd> run · <kbd>↑</kbd> <kbd>↓</kbd> next line · <kbd>Esc</kbd> close the detail
    </p>
  </>
);
