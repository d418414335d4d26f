/** Something that the person at the terminal has to change: told in one line, without a stack. */
export class UserError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UserError";
  }
}
