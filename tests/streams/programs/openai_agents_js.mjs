// @openai/agents-extensions as its documentation shows it: node openai_agents_js.mjs MODULES MODEL_URL
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, modelUrl] = process.argv.slice(2);
const require = createRequire(pathToFileURL(modules + "/"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href).then((m) => ({ ...m.default, ...m }));
const { WebSocketServer } = await load("ws");
const { RealtimeAgent, RealtimeSession } = await load("@openai/agents/realtime");
const { TwilioRealtimeTransportLayer } = await load("@openai/agents-extensions");

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
server.on("connection", async (twilioWebSocket) => {
  const transport = new TwilioRealtimeTransportLayer({ twilioWebSocket, url: modelUrl, useInsecureApiKey: true });
  transport.on("*", (event) => {
    if (event.type === "error") console.error(event);
  });
  const agent = new RealtimeAgent({ name: "assistant", instructions: "Hum." });
  const session = new RealtimeSession(agent, { transport, model: "gpt-realtime" });
  session.on("error", (error) => console.error(error));
  await session.connect({ apiKey: "sk-test", url: modelUrl });
});
server.on("listening", () => console.log(`ready ws://127.0.0.1:${server.address().port}/`));
