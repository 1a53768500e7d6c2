// Sidelight for OpenCode: tells `sidelight hook opencode` what happens, and the model what it answers. Written by
// `sidelight init`, removed by `sidelight uninstall`. Whatever fails here, OpenCode goes on.
//
// The hook reads one JSON object: event (an OpenCode hook's or event's name), sessionID, parentID (of a sub-agent's
// session), cwd, pid, and for a tool call tool, callID, args, and output afterwards. It answers with nothing, or with
// any of text (for the model), args (the call's new input) and deny (the reason for which the call is not run).
import { spawn } from "node:child_process"

const HOOK = null
const SERVER = null
const PATIENCE = 5000
const READS = new Set(["read", "glob", "grep", "list", "webfetch", "websearch", "todowrite", "todoread", "question", "skill"])

function ask(body) {
  return new Promise((done) => {
    try {
      const child = spawn("/bin/sh", ["-c", HOOK], { stdio: ["pipe", "pipe", "ignore"] })
      const timer = setTimeout(() => child.kill(), PATIENCE)
      let said = ""
      child.stdout.on("data", (part) => (said += part))
      child.stdin.on("error", () => {})
      child.on("error", () => done({}))
      child.on("close", () => {
        clearTimeout(timer)
        try {
          done(said ? JSON.parse(said) : {})
        } catch {
          done({})
        }
      })
      child.stdin.end(JSON.stringify({ ...body, pid: process.pid }))
    } catch {
      done({})
    }
  })
}

export const Sidelight = async ({ directory }) => {
  const started = new Set()
  const parents = new Map()
  const kept = new Map()
  const tell = (event, sessionID, more = {}) =>
    ask({ event, sessionID, parentID: parents.get(sessionID), cwd: directory, ...more })

  return {
    config: async (config) => {
      config.mcp = { sidelight: { type: "local", command: SERVER, enabled: true }, ...config.mcp }
    },
    event: async ({ event }) => {
      const info = event.properties?.info
      if (event.type === "session.created" && info?.parentID) parents.set(info.id, info.parentID)
      if (event.type === "session.compacted") started.delete(event.properties?.sessionID)
      if (event.type === "session.deleted" && started.delete(info?.id)) await tell(event.type, info.id)
    },
    "chat.message": async ({ sessionID }, output) => {
      const said = []
      if (!started.has(sessionID)) {
        started.add(sessionID)
        said.push(await tell("session.created", sessionID))
      }
      said.push(await tell("chat.message", sessionID))
      const text = said.map((one) => one.text).filter(Boolean).join("\n")
      const id = "prt_" + Date.now().toString(36).padStart(12, "0") + Math.random().toString(36).slice(2, 8)
      if (text) output.parts.push({ id, sessionID, messageID: output.message.id, type: "text", text, synthetic: true })
    },
    "tool.execute.before": async ({ tool, sessionID, callID }, output) => {
      if (READS.has(tool)) return
      const said = await tell("tool.execute.before", sessionID, { tool, callID, args: output.args })
      if (said.deny) throw new Error(said.deny)
      if (said.args) Object.assign(output.args, said.args)
      if (said.text) kept.set(callID, said.text)
    },
    "tool.execute.after": async ({ tool, sessionID, callID, args }, output) => {
      if (READS.has(tool)) return
      const said = await tell("tool.execute.after", sessionID, { tool, callID, args, exit: output.metadata?.exit })
      const text = [kept.get(callID), said.text].filter(Boolean).join("\n")
      kept.delete(callID)
      if (text) output.output += "\n\n" + text
    },
    "shell.env": async ({ sessionID }, output) => {
      if (sessionID) output.env.SIDELIGHT_SESSION = parents.get(sessionID) ?? sessionID
      if (parents.has(sessionID)) output.env.SIDELIGHT_AGENT = sessionID
    },
    dispose: async () => {
      await Promise.all([...started].map((sessionID) => tell("dispose", sessionID)))
    },
  }
}
