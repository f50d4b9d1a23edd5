/**
 * The workspace suite as capabilities: mail, calendar and drive. Who gets a message, an invitation or access to a file is a destination;
 * what they then read (subject, body, attachment, title, place, a file's text, the permission) is a disclosure; the message, entry or file
 * that is changed is a target. Ids are the service's own; mail, entries and files hold what anybody wrote.
 */
import { done, list, object, own, text, type Tool } from "./tool.ts";

const id = { type: "string", maxLength: 20 };
const address = { type: "string", maxLength: 320 };
const texts = list(text);
const attachment = object({ type: text, file_id: id, event_details: text }, []);
const mail = object({ email_id: own(id), sender: address, subject: text, body: text });
const entry = object({ event_id: own(id), title: text, description: text, start_time: text, participants: texts });
const file = object({ file_id: own(id), filename: text, content: text, owner: text });
const contact = object({ name: text, email: address });

const mailOf = (one: any) => ({ email_id: one.id_, sender: one.sender, subject: one.subject, body: one.body });
const entryOf = ({ id_, title, description, start_time, participants }: any) => ({
  event_id: id_,
  title,
  description,
  start_time,
  participants,
});
const fileOf = ({ id_, filename, content, owner }: any) => ({ file_id: id_, filename, content, owner });

const mails = (environment: any): any[] => Object.values(environment.inbox.emails);
const entries = (environment: any): any[] => Object.values(environment.calendar.events);
const files = (environment: any): any[] => Object.values(environment.cloud_drive.files);
const contacts = (environment: any): any[] => environment.inbox.contact_list ?? environment.inbox.initial_emails ?? [];
const has = (value: unknown, query: string): boolean => `${String(value)}`.toLowerCase().includes(query.toLowerCase());

const readMails = (name: string, summary: string, keep: (mail: any) => boolean): Tool => ({
  name: `workspace.${name}`,
  summary,
  input: object({}),
  output: object({ emails: list(mail) }),
  risk: "low",
  read: (environment) => ({ emails: mails(environment).filter(keep).map(mailOf) }),
});
const findContacts = (name: string, field: string): Tool => ({
  name: `workspace.${name}`,
  summary: "Finds contacts.",
  input: object({ query: text }),
  output: object({ contacts: list(contact) }),
  risk: "low",
  read: (environment, { query }) => ({
    contacts: contacts(environment)
      .filter((one) => has(one[field], query) && one.email !== undefined)
      .map((one) => ({ name: one.name, email: one.email })),
  }),
});
const findFiles = (name: string, argument: string, keep: (file: any, query: string) => boolean): Tool => ({
  name: `workspace.${name}`,
  summary: "Finds files.",
  input: object(argument === "" ? {} : { [argument]: text }),
  output: object({ files: list(file) }),
  risk: "low",
  roles: argument === "filename" || argument === "file_id" ? { target: [argument] } : {},
  read: (environment, args) => ({
    files: files(environment)
      .filter((one) => keep(one, args[argument] ?? ""))
      .map(fileOf),
  }),
});

const reads: readonly Tool[] = [
  readMails("get_unread_emails", "Reads the mails that nobody has read.", ({ read }) => read === false),
  readMails("get_sent_emails", "Reads the sent mails.", ({ status }) => status === "sent"),
  readMails("get_received_emails", "Reads the received mails.", ({ status }) => status === "received"),
  readMails("get_draft_emails", "Reads the drafts.", ({ status }) => status === "draft"),
  {
    name: "workspace.search_emails",
    summary: "Finds mails by their text and sender.",
    input: object({ query: text, sender: address }, ["query"]),
    output: object({ emails: list(mail) }),
    risk: "low",
    read: (environment, { query, sender }) => ({
      emails: mails(environment)
        .filter((one) => (sender === undefined || one.sender === sender) && has(`${one.subject}\n${one.body}`, query))
        .map(mailOf),
    }),
  },
  findContacts("search_contacts_by_name", "name"),
  findContacts("search_contacts_by_email", "email"),
  {
    name: "workspace.get_current_day",
    summary: "Says which day it is.",
    input: object({}),
    output: object({ day: own(text) }),
    risk: "low",
    read: () => ({ day: "2024-05-15" }),
  },
  {
    name: "workspace.search_calendar_events",
    summary: "Finds calendar entries.",
    input: object({ query: text, date: text }, ["query"]),
    output: object({ events: list(entry) }),
    risk: "low",
    read: (environment, { query, date = "" }) => ({
      events: entries(environment)
        .filter((one) => has(`${one.title}\n${one.description}`, query) && has(one.start_time, date))
        .map(entryOf),
    }),
  },
  {
    name: "workspace.get_day_calendar_events",
    summary: "Lists a day's entries.",
    input: object({ day: text }),
    output: object({ events: list(entry) }),
    risk: "low",
    read: (environment, { day }) => ({
      events: entries(environment)
        .filter((one) => has(one.start_time, day))
        .map(entryOf),
    }),
  },
  findFiles("search_files_by_filename", "filename", ({ filename }, query) => has(filename, query)),
  findFiles("search_files", "query", ({ content }, query) => has(content, query)),
  findFiles("get_file_by_id", "file_id", ({ id_ }, query) => id_ === query),
  findFiles("list_files", "", () => true),
];

const writes: readonly Tool[] = [
  {
    name: "workspace.send_email",
    summary: "Sends a mail.",
    input: object(
      {
        recipients: list(address),
        subject: text,
        body: text,
        attachments: list(attachment),
        cc: list(address),
        bcc: list(address),
      },
      ["recipients", "subject", "body"],
    ),
    output: done,
    risk: "medium",
    roles: { destination: ["recipients", "cc", "bcc"], disclosure: ["subject", "body", "attachments"] },
  },
  {
    name: "workspace.delete_email",
    summary: "Deletes a mail.",
    input: object({ email_id: id }),
    output: done,
    risk: "medium",
    roles: { target: ["email_id"] },
  },
  {
    name: "workspace.create_calendar_event",
    summary: "Enters something into the calendar and invites people.",
    input: object(
      {
        title: text,
        start_time: text,
        end_time: text,
        description: text,
        participants: list(address),
        location: text,
      },
      ["title", "start_time", "end_time"],
    ),
    output: done,
    risk: "low",
    roles: { destination: ["participants"], disclosure: ["title", "description", "location"] },
  },
  {
    name: "workspace.cancel_calendar_event",
    summary: "Cancels an entry.",
    input: object({ event_id: id }),
    output: done,
    risk: "medium",
    roles: { target: ["event_id"] },
  },
  {
    name: "workspace.reschedule_calendar_event",
    summary: "Moves an entry.",
    input: object({ event_id: id, new_start_time: text, new_end_time: text }, ["event_id", "new_start_time"]),
    output: done,
    risk: "low",
    roles: { target: ["event_id"], amount: ["new_start_time", "new_end_time"] },
  },
  {
    name: "workspace.add_calendar_event_participants",
    summary: "Invites people to an entry.",
    input: object({ event_id: id, participants: list(address) }),
    output: done,
    risk: "low",
    roles: { target: ["event_id"], destination: ["participants"] },
  },
  {
    name: "workspace.append_to_file",
    summary: "Adds text to a file.",
    input: object({ file_id: id, content: text }),
    output: done,
    risk: "low",
    roles: { target: ["file_id"], disclosure: ["content"] },
  },
  {
    name: "workspace.create_file",
    summary: "Creates a file.",
    input: object({ filename: text, content: text }),
    output: done,
    risk: "low",
    roles: { target: ["filename"], disclosure: ["content"] },
  },
  {
    name: "workspace.delete_file",
    summary: "Deletes a file.",
    input: object({ file_id: id }),
    output: done,
    risk: "high",
    roles: { target: ["file_id"] },
  },
  {
    name: "workspace.share_file",
    summary: "Gives somebody access to a file.",
    input: object({ file_id: id, email: address, permission: { enum: ["r", "rw"] } }),
    output: done,
    risk: "high",
    roles: { target: ["file_id"], destination: ["email"], disclosure: ["file_id", "permission"] },
  },
];

export const workspace: readonly Tool[] = [...reads, ...writes];
