// What an operator can do.
//
// Responsible for: each action's form, what it says will happen, and the request made of it.
// Not here: the dialog around it (`dialogs.js`), who may (the API).
//
// Invariant: nothing is sent before a dialog has said what will happen and somebody agreed.

import { zoneName } from "./format.js";

const who = (values) => values.name || "this player";
const forTime = (hours) => (Number(hours) > 0 ? `for ${hours} h` : "until somebody takes the ban back");

const forMinutes = (minutes) =>
  Number(minutes) > 0 ? `; it ends by itself after ${minutes} min` : ", until somebody stops it";

const NAME = { name: "name", label: "Character or account", required: true, maxlength: 32, autocomplete: "off" };
const REASON = { name: "reason", label: "Reason (the player sees it)", maxlength: 200 };
const TEXT = { name: "text", label: "Text", required: true, maxlength: 400, long: true };
const ZONE = { name: "zone", label: "Where", options: "zones" };

/**
 * `fields` are asked for, `says(values)` tells what will happen, `body(values)` is the request; `danger` where players
 * lose their connection.
 */
export const ACTIONS = {
  announce: {
    title: "Announce",
    button: "Send",
    fields: [TEXT, ZONE],
    says: ({ zone }) =>
      `${zone ? `All players in ${zone}` : "All players in the world"} read this in their chat, at once.`,
    body: ({ text, zone }) => ({ text, ...(zone ? { zone } : {}) }),
  },
  kick: {
    title: "Kick a player",
    button: "Kick",
    danger: true,
    fields: [NAME, REASON],
    says: (values) => `${who(values)} is disconnected now. Nothing is lost, and the player may come back at once.`,
    body: ({ name, reason }) => ({ name, reason }),
  },
  ban: {
    title: "Ban a player",
    button: "Ban",
    danger: true,
    fields: [NAME, { name: "hours", label: "Hours (empty: for good)", type: "number", min: 0, step: "any" }, REASON],
    says: (values) => `${who(values)} is disconnected now and cannot log in ${forTime(values.hours)}.`,
    body: ({ name, hours, reason }) => ({
      name,
      reason,
      ...(Number(hours) > 0 ? { until_s: Math.round(Date.now() / 1000 + Number(hours) * 3600) } : {}),
    }),
  },
  unban: {
    title: "Take a ban back",
    button: "Unban",
    fields: [NAME],
    says: (values) => `${who(values)} may log in again, at once.`,
    body: ({ name }) => ({ name }),
  },
  drain: {
    title: "Drain a zone",
    button: "Drain",
    danger: true,
    fields: [],
    says: ({ zone, layer }) =>
      `${zoneName(zone, layer)} lets nobody in any more, its players are told and leave, everything is written, ` +
      "and the zone ends. It stays down until somebody starts it here.",
    body: ({ zone, layer }) => ({ zone, layer }),
  },
  restart_zone: {
    title: "Restart a zone",
    button: "Restart",
    danger: true,
    fields: [],
    says: ({ zone, layer }) =>
      `${zoneName(zone, layer)} writes everything, ends and starts anew. ` +
      "Its players stand still for some seconds and come back by themselves.",
    body: ({ zone, layer }) => ({ zone, layer }),
  },
  start_zone: {
    title: "Start a zone",
    button: "Start",
    fields: [],
    says: ({ zone }) => `${zone} starts on a host with room, with what it wrote last.`,
    body: ({ zone }) => ({ zone }),
  },
  start_event: {
    title: "Start a world event",
    button: "Start",
    fields: [
      { name: "name", label: "Name", required: true, maxlength: 32, autocomplete: "off" },
      TEXT,
      { name: "minutes", label: "Minutes (empty: until stopped)", type: "number", min: 0, step: "any" },
    ],
    says: ({ name, minutes }) => `Every player is told that ${name || "the event"} runs${forMinutes(minutes)}.`,
    body: ({ name, text, minutes }) => ({
      name,
      text,
      ...(Number(minutes) > 0 ? { seconds: Number(minutes) * 60 } : {}),
    }),
  },
  stop_event: {
    title: "Stop a world event",
    button: "Stop",
    fields: [],
    says: ({ name }) => `${name} ends now, and every player is told.`,
    body: ({ event }) => ({ event }),
  },
};
