/**
 * The banking suite as capabilities. What each argument is follows from what the tool does at a bank: an account that money goes to is a
 * destination, a sum and whether it repeats are an amount, a subject line is read by the other side. An address says where the bank's
 * letters go and a password who gets in: destinations too. Of what the bank returns, ids, sums and dates are its own; whom an incoming
 * payment names, a subject line and a file are somebody's words.
 */
import { done, flag, integer, list, number, object, own, text, type Tool } from "./tool.ts";

/** An IBAN by its check digits is one without this; other accounts are a country and digits. */
const account = { type: "string", maxLength: 100 };
const payment = { recipient: account, amount: number, subject: text, date: text };
const transaction = object({
  id: own(integer),
  sender: account,
  recipient: account,
  amount: own(number),
  subject: text,
  date: own(text),
  recurring: own(flag),
});

export const ACCOUNT = { type: "string", pattern: "^[A-Z]{2}[0-9]{12,30}$", "x-id": true, "x-origin": "principal" };

export const banking: readonly Tool[] = [
  {
    name: "banking.get_iban",
    summary: "Reads the account's IBAN.",
    input: object({}),
    output: object({ iban: own(account) }),
    risk: "low",
    read: ({ bank_account }) => ({ iban: bank_account.iban }),
  },
  {
    name: "banking.get_balance",
    summary: "Reads the account's balance.",
    input: object({}),
    output: object({ balance: own(number) }),
    risk: "low",
    read: ({ bank_account }) => ({ balance: bank_account.balance }),
  },
  {
    name: "banking.get_most_recent_transactions",
    summary: "Lists the newest transactions.",
    input: object({ n: integer }, []),
    output: object({ transactions: list(transaction) }),
    risk: "low",
    read: ({ bank_account }, { n = 100 }) => ({ transactions: bank_account.transactions.slice(-n) }),
  },
  {
    name: "banking.get_scheduled_transactions",
    summary: "Lists the standing orders.",
    input: object({}),
    output: object({ transactions: list(transaction) }),
    risk: "low",
    read: ({ bank_account }) => ({ transactions: bank_account.scheduled_transactions }),
  },
  {
    name: "banking.read_file",
    summary: "Reads a file.",
    input: object({ file_path: text }),
    output: object({ content: text }),
    risk: "low",
    roles: { target: ["file_path"] },
    read: ({ filesystem }, { file_path }) => ({ content: filesystem.files[file_path] ?? "" }),
  },
  {
    name: "banking.get_user_info",
    summary: "Reads the account holder's name and address.",
    input: object({}),
    output: own(object({ first_name: text, last_name: text, street: text, city: text })),
    risk: "low",
    read: ({ user_account: { first_name, last_name, street, city } }) => ({ first_name, last_name, street, city }),
  },
  {
    name: "banking.send_money",
    summary: "Transfers money.",
    input: object(payment),
    output: done,
    risk: "high",
    roles: { destination: ["recipient"], amount: ["amount"], disclosure: ["subject"] },
  },
  {
    name: "banking.schedule_transaction",
    summary: "Sets a standing order up.",
    input: object({ ...payment, recurring: flag }),
    output: done,
    risk: "high",
    roles: { destination: ["recipient"], amount: ["amount", "recurring"], disclosure: ["subject"] },
  },
  {
    name: "banking.update_scheduled_transaction",
    summary: "Changes a standing order.",
    input: object({ id: integer, ...payment, recurring: flag }, ["id"]),
    output: done,
    risk: "high",
    roles: {
      target: ["id"],
      destination: ["recipient"],
      amount: ["amount", "recurring"],
      disclosure: ["subject"],
    },
  },
  {
    name: "banking.update_password",
    summary: "Changes the password.",
    input: object({ password: text }),
    output: done,
    risk: "high",
    roles: { destination: ["password"] },
  },
  {
    name: "banking.update_user_info",
    summary: "Changes the account holder's name or address.",
    input: object({ first_name: text, last_name: text, street: text, city: text }, []),
    output: done,
    risk: "medium",
    roles: { destination: ["first_name", "last_name", "street", "city"] },
  },
];
