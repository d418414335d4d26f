/** The value does not suit the field; `hint` says what would. */
export class ConditionError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = "ConditionError";
    this.hint = hint;
  }
}
